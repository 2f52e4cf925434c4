/**
 * Builds `dist` from `src`: one file for each entry of `package.json`, with what entries share in files of their own, so that
 * a class is the same one whichever entry it came through. Few files, because Node takes a millisecond for each that it
 * loads. The declarations are the compiler's, one for each source file, in `dist/types`.
 *
 * `node scripts/build.ts FOLDER` builds into another folder.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build, type Plugin } from 'rolldown';

const ROOT = join(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(ROOT, 'dist'));

/** `dist/types/stores/sqlite/index.d.ts` → `dist/sqlite.js`, as the manifest has them; a program in `dist/cli.js` is `src/cli/main.ts`. */
const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly bin: { readonly [program: string]: string };
  readonly exports: { readonly [entry: string]: string | { readonly types: string; readonly default: string } };
};
const entries = Object.values(exports).flatMap((entry) =>
  typeof entry === 'string'
    ? []
    : [
        [
          entry.default.replace(/^\.\/dist\/(.*)\.js$/, '$1'),
          join(ROOT, entry.types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, 'src/$1.ts')),
        ] as const,
      ],
);

const programs = Object.values(bin).map((file) => file.replace(/^dist\/(.*)\.js$/, '$1'));

/** Whatever is not a file of ours: Node's modules and dependencies. */
const external = /^(?![./]|nanoid$|[A-Z]:\\)/i;

const options = {
  cwd: ROOT,
  external,
  platform: 'neutral',
  transform: { target: 'es2024' },
  tsconfig: false,
  // `nanoid` goes along in its form for browsers, which asks the platform for chance: the other one loads `node:crypto`.
  resolve: { conditionNames: ['browser', 'import', 'default'] as string[] },
} as const;

/** Puts the text of the writing thread where `program.ts` names its file. */
const inlineThread: Plugin = {
  name: 'inline-thread',
  load: {
    filter: { id: /[\\/]stores[\\/]sqlite[\\/]program\.ts$/ },
    async handler(path) {
      const input = join(path, '../thread.ts');
      const { output } = await build({ ...options, input, write: false, output: { format: 'cjs', minify: true } });
      return { code: `export const PROGRAM = ${JSON.stringify(output[0].code)};`, moduleSideEffects: false };
    },
  },
};

/**
 * Says of machines, kinds and actors that making one does nothing but make it, so that bundlers leave out those that an application has
 * no use for: they stand in files together, and a call is otherwise kept for what it might do.
 */
const MADE =
  /^((?:export )?const \w+(?:: [^=\n]+)? = )((?:new )?[\w.]+(?:<[^=\n]*>)?\((?:.*\)|.*\n(?:(?: .*)?\n)*[)}\]]+));$/gm;
const purity: Plugin = {
  name: 'purity',
  transform: {
    filter: { id: /[\\/]src[\\/]/ },
    // Null: what is known of where a line comes from stays as it is.
    handler: (code) => ({ code: code.replace(MADE, '$1/* @__PURE__ */ (() => $2)();'), map: null }),
  },
};

/**
 * What of `src` is loaded with a file of it. Node asks its resolver for each line that names a file, and opens each file, so what is
 * loaded together lies together: fourteen files took 5 to 9 ms longer.
 */
function loadedWith(entry: string): ReadonlySet<string> {
  const files = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, named] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?'(\.[^']+)';$/gm))
      visit(join(file, '..', named as string));
  };
  visit(entry);
  return files;
}
const root = join(ROOT, 'src/index.ts');
const withRoot = loadedWith(root);
/** The machines, which the root has, too, and what plays a run without a box, which it has not. */
const withPlaying = loadedWith(join(ROOT, 'src/live/machine-input.ts'));
/** Loaded with no more than the words that they are made of. */
const withErrors = loadedWith(join(ROOT, 'src/entries/errors.ts'));

/** Entries as users have them: what a program takes from there is not built a second time. */
const fromEntries: Plugin = {
  name: 'from-entries',
  async resolveId(source, importer, options) {
    const found = importer === undefined ? null : await this.resolve(source, importer, options);
    const entry = entries.find(([, file]) => file === found?.id);
    return entry === undefined ? found : { id: `./${entry[0]}.js`, external: true };
  },
};

rmSync(dist, { recursive: true, force: true });
await build({
  ...options,
  input: Object.fromEntries(entries),
  plugins: [inlineThread, purity],
  // A word in front of a call moves what stands behind it in its line, and no line.
  checks: { sourcemapBroken: false },
  output: {
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    // What every other file speaks goes into one: it is small, and is loaded whatever is imported.
    codeSplitting: {
      groups: [
        {
          name: 'words',
          test: (file: string) => file !== root && (dirname(file) === join(ROOT, 'src') || withErrors.has(file)),
          priority: 2,
        },
        { name: 'machines', test: (file: string) => withPlaying.has(file) && withRoot.has(file), priority: 1 },
        { name: 'playing', test: (file: string) => withPlaying.has(file) },
        { name: 'root', test: (file: string) => file !== root && withRoot.has(file) },
      ],
    },
    comments: { legal: true, annotation: true, jsdoc: false },
    // `src` is in the package, too.
    sourcemap: true,
    sourcemapExcludeSources: true,
  } as never,
});
// By themselves, so that nothing of what is imported lies in more files because of them.
for (const name of programs) {
  await build({
    ...options,
    input: join(ROOT, `src/${name}/main.ts`),
    plugins: [fromEntries, purity],
    checks: { sourcemapBroken: false },
    output: {
      dir: dist,
      format: 'esm',
      entryFileNames: `${name}.js`,
      // Beside the entries that they take from, which are named as they are from here.
      chunkFileNames: `${name}-[name].js`,
      // A shell asks the first line who is to run it.
      banner: '#!/usr/bin/env node',
      comments: { legal: true, annotation: true, jsdoc: false },
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  });
}
// V8 keeps a file with one `…` in it in two bytes for each character, which costs an import of the package a tenth. Done last, as
// whoever writes the files prefers the characters. An escape moves what stands behind it in its line, and no line.
for (const file of globSync('**/*.js', { cwd: dist })) {
  const text = readFileSync(join(dist, file), 'utf8');
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(join(dist, file), text.replaceAll(/[^\0-\x7f]/g, escaped));
}
const { status } = spawnSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(dist, 'types')],
  { cwd: ROOT, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
