import { removeBlock, setBlock } from './block-edit.ts';
import { type Edited, saysTheSame } from './edited.ts';
import { jsonValueAt, missingJsonParents, removeJsonKey, setJsonKey } from './json-edit.ts';
import { type Launch, withLaunch } from './launch.ts';
import { ownershipOf, ownText } from './own-file.ts';
import type { ServerTarget, Target } from './platform.ts';
import { missingTomlParents, removeTomlKey, setTomlKey, tomlValueAt } from './toml-edit.ts';
import { missingYamlParents, removeYamlKey, setYamlKey, yamlValueAt } from './yaml-edit.ts';

/** What the targets of all platforms are filled with. */
export interface Content {
  readonly launch: Launch;
  readonly version: string;
  /** The filled templates by name. */
  readonly templates: Readonly<Record<string, string>>;
}

/** Objects that were made only to hold ours, by their paths in the file; the empty path is the whole document. */
export type Shells = readonly (readonly string[])[];

/** An edit, or a file of ours that a person has edited and that therefore stays. */
export type Outcome = Edited | { readonly text: string; readonly kept: string };

/** The five merges: what a target makes of the text of its file. */
export function placed(target: Target, file: string, text: string, content: Content): Outcome {
  const { launch, version, templates } = content;
  switch (target.merge) {
    case 'json':
      return setJsonKey(text, keyOf(target, launch));
    case 'toml':
      return setTomlKey(text, keyOf(target, launch));
    case 'yaml':
      return setYamlKey(text === '' ? (target.opens ?? '') : text, {
        ...keyOf(target, launch),
        by: target.by,
      });
    case 'block':
      return setBlock(text, templates[target.template] ?? '', version);
    case 'own': {
      if (text === '') return { text: ownText(file, templates[target.template] ?? '', version) };
      switch (ownershipOf(text)) {
        case 'ours':
          return { text: inEndingsOf(text, ownText(file, templates[target.template] ?? '', version)) };
        case 'ours, edited':
          return { text, kept: 'It was edited since loopyard wrote it, so it stays as it is.' };
        case 'foreign':
          return { refused: 'A file that is not from loopyard has this name.' };
      }
    }
  }
}

/** The same files without what `placed` put in. */
export function withdrawn(target: Target, text: string, shells: Shells): Outcome {
  switch (target.merge) {
    case 'json':
      return removeJsonKey(text, target.at, shells);
    case 'toml':
      return removeTomlKey(text, target.at, shells);
    case 'yaml': {
      const edited = removeYamlKey(text, target, shells);
      const isShell = shells.some((path) => path.length === 0);
      const left = 'text' in edited && edited.text !== text ? edited.text?.trim() : undefined;
      return isShell && left !== undefined && left === target.opens?.trim() ? { text: undefined } : edited;
    }
    case 'block': {
      const edited = removeBlock(text);
      const empty = 'text' in edited && edited.text?.replace(/^\ufeff/, '') === '';
      return empty && edited.text !== text && shells.length > 0 ? { text: undefined } : edited;
    }
    case 'own':
      switch (ownershipOf(text)) {
        case 'ours':
          return { text: undefined };
        case 'ours, edited':
          return { text, kept: 'It was edited since loopyard wrote it; delete it yourself.' };
        case 'foreign':
          return { text };
      }
  }
}

/** The shells a target would need in a text; an absent file is an empty one. */
export function shellsFor(target: Target, text: string, absent: boolean): Shells {
  const whole = absent ? [[]] : [];
  switch (target.merge) {
    case 'json':
      return missingJsonParents(text, target.at);
    case 'toml':
      return [...whole, ...missingTomlParents(text, target.at).filter((path) => path.length > 0)];
    case 'yaml':
      return [...whole, ...missingYamlParents(text, target.at).filter((path) => path.length > 0)];
    case 'block':
    case 'own':
      return whole;
  }
}

/** What the file says at the place of the server's entry. */
export function entryAt(target: ServerTarget, text: string): unknown {
  switch (target.merge) {
    case 'json':
      return jsonValueAt(text, target.at);
    case 'toml':
      return tomlValueAt(text, target.at);
    case 'yaml':
      return yamlValueAt(text, target);
  }
}

/** Whether two targets put the same thing into the same file. */
export function areAlike(one: Target, other: Target): boolean {
  const essence = ({ or: _or, file: _file, ...rest }: Target) => ({ ...rest, hides: undefined });
  return saysTheSame(essence(one), essence(other));
}

function keyOf(target: ServerTarget, launch: Launch) {
  const filled = (values: ServerTarget['value']) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, withLaunch(value, launch)]));
  return { at: target.at, value: filled(target.value), defaults: filled(target.defaults) };
}

/** A checkout may have turned the line ends of our file; that alone is no change. */
function inEndingsOf(text: string, wanted: string): string {
  return text.includes('\r\n') ? wanted.replaceAll('\n', '\r\n') : wanted;
}
