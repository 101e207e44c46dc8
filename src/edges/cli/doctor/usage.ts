export const doctorUsage = '[--fix] [--json] [--bundle <file>]';
