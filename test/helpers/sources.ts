/**
 * Source files as text, what they import, and what they export.
 *
 * Read with patterns and not with a parser: the formatter keeps imports and exports in one
 * shape, and a test that knows no more than this needs no dependency.
 */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Path, relative to the folder and with forward slashes → text. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** As written: `../store.ts`, `xstate`. */
  readonly specifier: string;
  /** A path like those of `Sources`, or the name of a package. */
  readonly target: string;
  /** `import type` and `export type` leave nothing behind at run time; `import { type … }` does. */
  readonly typeOnly: boolean;
  /** `import('…')`: nothing is loaded before somebody calls it. */
  readonly isLate: boolean;
}

export function sourcesIn(folder: string): Sources {
  const cwd = `${ROOT}/${folder}`;
  const paths = globSync('**/*.ts', { cwd }).map((path) => path.replaceAll('\\', '/'));
  return new Map(paths.sort().map((path) => [path, readFileSync(`${cwd}/${path}`, 'utf8')]));
}

/** The text without its comments, line for line. */
export function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/(^|\s)\/\/.*$/gm, '$1');
}

export function importsOf(path: string, text: string): readonly Import[] {
  const code = codeOf(text);
  const named = code.matchAll(/^(?:import|export)\s(?<type>type\s)?[\w\s{},*]*\bfrom\s+'(?<specifier>[^']+)'/gm);
  const bare = code.matchAll(/(?:^import\s|(?<late>\bimport\())\s*'(?<specifier>[^']+)'/gm);
  return [...named, ...bare].map(({ groups }) => {
    const specifier = groups?.specifier ?? '';
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
    return { specifier, target, typeOnly: groups?.type !== undefined, isLate: groups?.late !== undefined };
  });
}

/** Files and packages that exist at run time for what is below `folder`. */
export function reachedFrom(folder: string, sources: Sources): string[] {
  const reached = new Set([...sources.keys()].filter((path) => path.startsWith(folder)));
  // A set that grows is walked to its end.
  for (const path of reached)
    for (const { target, typeOnly } of importsOf(path, sources.get(path) ?? '')) if (!typeOnly) reached.add(target);
  return [...reached].sort();
}

/** A public name: what it is called, and where its declaration stands. */
export interface PublicName {
  readonly name: string;
  readonly path: string;
  readonly documented: boolean;
}

/** The source of each entry of the package, as the manifest has it. */
export function entriesOf({ exports }: { readonly exports: object }): readonly string[] {
  return Object.values(exports as { readonly [entry: string]: string | { readonly types: string } }).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, '$1.ts')],
  );
}

export const MANIFEST = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));

/** What a module exports, each followed to its declaration; `*` takes every name, a list takes those. */
export function exportsOf(
  path: string,
  sources: Sources,
  wanted: ReadonlySet<string> | '*' = '*',
): readonly PublicName[] {
  const text = sources.get(path) ?? '';
  const found: PublicName[] = [];
  const wants = (name: string): boolean => wanted === '*' || wanted.has(name);
  const seen = new Set<string>();

  const declaration =
    /^export (?:abstract |async |declare )*(?:class|const|enum|function\*?|interface|let|type) (\w+)/gm;
  for (const { 1: name = '', index } of text.matchAll(declaration)) {
    // Of overloads the first is asked; the others may say what is different about them.
    if (!wants(name) || seen.has(name)) continue;
    seen.add(name);
    const before = text
      .slice(0, index)
      .replace(/(?:\/\/.*\n)*$/, '')
      .trimEnd();
    found.push({
      name,
      path,
      documented: before.endsWith('*/') && before.lastIndexOf('/**') > before.lastIndexOf('*/', before.length - 3),
    });
  }

  for (const { 1: list = '', 2: from = '' } of codeOf(text).matchAll(
    /^export (?:type )?(\{[^}]*\}|\*) from '(\.[^']+)'/gm,
  )) {
    const target = posix.join(posix.dirname(path), from);
    if (list === '*') {
      found.push(...exportsOf(target, sources, wanted));
      continue;
    }
    for (const entry of list.slice(1, -1).split(',')) {
      const [name = '', alias = name] = entry
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (name === '' || !wants(alias)) continue;
      const declared = exportsOf(target, sources, new Set([name]))[0];
      found.push({ name: alias, path: declared?.path ?? target, documented: declared?.documented ?? false });
    }
  }
  return found;
}
