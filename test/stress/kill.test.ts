import { test } from 'vitest';
import { blows, survives } from '../e2e/kill.ts';

test.concurrent.each(blows)('kill -9 of the $victim while $stage.name: the loop goes on and lands', survives);
