export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line for the person who asks later what a process did and why. Facts are flat; secrets are never among them. */
export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;
