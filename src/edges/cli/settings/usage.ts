export const configUsage = '[key] | set <key> <value> [--project] [--json]';
export const trustUsage = '[--yes] [--revoke] [--list] [--json]';
