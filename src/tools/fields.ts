import * as z from 'zod';
import { isUsableId } from '../domain/ids.ts';

/**
 * A field that is taken from everybody but listed only on the command line and in the docs: every session of every
 * client pays for what `tools/list` holds, so it holds what a strategist decides, not what a person may tune.
 */
export const rare = { rare: true };

/** Fields that several tools share, so that they mean and say the same everywhere. */
export const workspace = z.string().max(4_096).optional().describe('path of the checkout');

export const loopId = z.string().min(1).max(200).describe('loop id');

export const newLoopId = z
  .string()
  .refine(isUsableId, 'use 1 to 48 lower-case letters, digits and hyphens, not a device name')
  .optional()
  .describe('own id instead of a generated one');

export const key = z.string().min(1).max(200).optional().describe('same key, same answer');

export const reason = z.string().min(1).max(1_900);

/** Every answer says what to do now. */
export const nextStep = z.string().describe('what to do now');

export const cursor = z.number().int().nonnegative();

export const network = z
  .boolean()
  .optional()
  .describe('checks reach the network; default only installers such as npm ci');

export const parallel = z.number().int().min(1).max(10).optional().describe('checks side by side; default 1');

/** Patterns of paths, as in a .gitignore. */
export const globs = z.array(z.string().min(1).max(250)).max(50).default([]);

export const ignorePreexisting = z
  .boolean()
  .default(false)
  .describe('tests that fail on the base too do not count');
