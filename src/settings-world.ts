import path from 'node:path';
import { projectFileOf, trustContent, trustFile } from './adapters/config/project-trust.ts';
import { readSettings } from './adapters/config/settings.ts';
import { openTrustStore } from './adapters/config/trust-store.ts';
import { gitFinder } from './adapters/git/finder.ts';
import { readConfigFile, replaceConfigFile } from './adapters/init/config-files.ts';
import { asLoopyardError, LoopyardError } from './domain/errors.ts';
import type { SettingsWorld } from './edges/cli/settings/world.ts';
import type { Front } from './edges/front.ts';
import { isInside } from './inside.ts';

/** Puts together what the commands about settings need of this machine; they work where no yard can be opened. */
export async function openSettingsWorld(
  { env, cwd }: Pick<Front, 'env' | 'cwd'>,
  workspace: string | undefined,
  interactive: boolean,
): Promise<SettingsWorld> {
  const commonDir = await repositoryAt(env, path.resolve(cwd, workspace ?? (env.LOOPYARD_WORKSPACE || '.')));
  const trusts = openTrustStore(env);
  const needed = () => {
    if (commonDir !== undefined) return commonDir;
    throw new LoopyardError('NOT_A_REPOSITORY', 'There is no repository here.');
  };
  return {
    settings: () => readSettings({ env, commonDir }),
    repository: commonDir,
    inside: isInside(env),
    interactive,
    read(file) {
      const isProject = commonDir !== undefined && file === projectFileOf(commonDir);
      const found = readConfigFile(file, isProject ? path.dirname(file) : undefined);
      if ('text' in found) return found.text;
      throw new LoopyardError('INVALID_CONFIG', `${file} cannot be edited. ${found.unusable}`, { file });
    },
    write(file, before, after) {
      replaceConfigFile(readConfigFile(file).real, before, after);
    },
    trust: ({ sha256, dangerous }) =>
      trustContent(env, { commonDir: needed(), sha256, dangerous, at: Date.now() }),
    trustText: (text) => trustFile(env, { commonDir: needed(), text, at: Date.now() }),
    trusted: () => trusts.all().map(({ repository, file, sha256, at }) => ({ repository, file, sha256, at })),
    revoke: () => trusts.forget(needed()),
    async confirm(message) {
      const { confirm } = await import('@clack/prompts');
      // Enter alone agrees to nothing, and neither does Ctrl-C, which is answered with a symbol.
      return (await confirm({ message, initialValue: false })) === true;
    },
  };
}

/** The git directory of the repository somebody stands in, or nothing outside one. */
async function repositoryAt(env: Front['env'], place: string): Promise<string | undefined> {
  try {
    return (await gitFinder({ env }).locate(place)).commonDir;
  } catch (thrown) {
    const error = asLoopyardError(thrown);
    if (['NOT_A_REPOSITORY', 'BARE_REPOSITORY', 'NO_WORKSPACE'].includes(error.code)) return undefined;
    throw error;
  }
}
