import { z } from 'zod';
import { isUsableId } from '../domain/ids.ts';

/** Fields that several tools share, so that they mean and say the same everywhere. */
export const workspace = z
  .string()
  .max(4_096)
  .optional()
  .describe('path in the git checkout, if not the current one');

export const loopId = z.string().min(1).max(200).describe('loop id');

export const newLoopId = z
  .string()
  .refine(isUsableId, 'use 1 to 48 lower-case letters, digits and hyphens, not a device name')
  .optional()
  .describe('own id instead of a generated one');

export const key = z.string().min(1).max(200).optional().describe('repeat-safe: same key, same answer');

export const reason = z.string().min(1).max(1_900);

/** Every answer says what to do now. */
export const nextStep = z.string().describe('what to do now');

export const cursor = z.number().int().nonnegative();
