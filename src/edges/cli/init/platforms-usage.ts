export const platformsUsage = '[--json]';
