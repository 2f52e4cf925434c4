/** The application's definitions, for what is to go on with runs: a module whose exports are options of `createSignalbox`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BOX_OPTIONS } from '../runtime/option-names.ts';
import type { BoxOptions } from '../runtime/options.ts';
import { reasonOf } from '../errors/index.ts';
import type { AnyOrchestrator } from '../dsl/index.ts';
import { type CliCall, Misuse } from './command.ts';

/** What a module of definitions has. */
export type App = BoxOptions & { readonly orchestrators: readonly AnyOrchestrator[]; readonly tasks?: object };

const HOW = 'export default { orchestrators: [order] }';

/** What `--app` or SIGNALBOX_APP names; null if nothing is said. */
export async function appOf(call: CliCall): Promise<App | null> {
  const file = call.text('app') ?? call.terminal.env.SIGNALBOX_APP;
  if (file === undefined || file === '') return null;
  const path = resolve(file);
  if (!existsSync(path)) throw new Misuse(`--app ${file}: there is no such file`);
  let exports: { readonly [name: string]: unknown };
  try {
    exports = (await import(pathToFileURL(path).href)) as typeof exports;
  } catch (error) {
    const isTypeScript = (error as { readonly code?: unknown } | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const why = isTypeScript
      ? 'this Node does not read TypeScript; use Node 22.18 or later, or compile it'
      : reasonOf(error);
    throw new Misuse(`--app ${file} could not be loaded: ${why}`);
  }
  const { orchestrators } = exports;
  const named = Object.fromEntries(BOX_OPTIONS.flatMap((name) => (name in exports ? [[name, exports[name]]] : [])));
  const options = (orchestrators === undefined ? exports.default : named) as Partial<App> | null | undefined;
  if (!Array.isArray(options?.orchestrators))
    throw new Misuse(`--app ${file} exports no orchestrators; it has to say: ${HOW}`);
  return options as App;
}
