import { ava } from './ava.ts';
import { cypress, playwright } from './browsers.ts';
import { ctest, googletest } from './cpp.ts';
import { dotnet } from './dotnet.ts';
import { exunit } from './elixir.ts';
import { goPackages, goTests, gotestsum } from './go.ts';
import { jasmine } from './jasmine.ts';
import { gradle, junitConsole, maven } from './java.ts';
import { jest } from './jest.ts';
import { mocha } from './mocha.ts';
import { nodeTest } from './node-test.ts';
import { pest, phpunit } from './php.ts';
import { pytest, unittest } from './python.ts';
import { minitest, rspec } from './ruby.ts';
import { bun, deno } from './runtimes.ts';
import { cargo, nextest } from './rust.ts';
import type { Reader } from './section.ts';
import { batsPretty, prove } from './shell.ts';
import { swiftTesting, xctest } from './swift.ts';
import { tap } from './tap.ts';
import { vitest } from './vitest.ts';

/**
 * Every runner whose output is understood. What one has claimed is not read by those below it: Cypress prints mocha's
 * summaries within its own, and prove the TAP of its programs.
 */
export const readers: readonly Reader[] = [
  cypress,
  vitest,
  jest,
  playwright,
  bun,
  deno,
  jasmine,
  ava,
  mocha,
  nodeTest,
  pytest,
  unittest,
  gotestsum,
  goTests,
  goPackages,
  cargo,
  nextest,
  dotnet,
  maven,
  gradle,
  junitConsole,
  rspec,
  minitest,
  phpunit,
  pest,
  exunit,
  xctest,
  swiftTesting,
  ctest,
  googletest,
  prove,
  batsPretty,
  tap,
];
