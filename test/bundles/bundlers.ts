/** Three bundlers behind one function, each set up as their pages say, with nothing about us in it. */
import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';

/** What is made of what, for whom. */
export interface Job {
  readonly folder: string;
  /** The program, and what it becomes. */
  readonly from: string;
  readonly to: string;
  readonly format: 'esm' | 'cjs';
  readonly platform: 'node' | 'browser';
  readonly minify?: boolean;
  /** Packages that stay outside. */
  readonly external?: readonly string[];
}

export type Bundler = (job: Job) => Promise<void>;

const outside = ({ platform, external = [] }: Job) => [...external, ...(platform === 'node' ? [/^node:/] : [])];

export const bundlers: { readonly [name: string]: Bundler } = {
  esbuild: async ({ folder, from, to, format, platform, minify = false, external = [] }) => {
    await esbuild({
      absWorkingDir: folder,
      entryPoints: [from],
      outfile: join(folder, to),
      bundle: true,
      format,
      platform,
      minify,
      external: [...external],
      logLevel: 'silent',
      // Else it would take the paths of this repository's, which lead to `src`.
      tsconfigRaw: {},
    });
  },
  Rollup: async (job) => {
    const made = await rollup({
      input: join(job.folder, job.from),
      external: outside(job),
      plugins: [nodeResolve({ browser: job.platform === 'browser', preferBuiltins: job.platform === 'node' })],
      onwarn: () => {},
    });
    await made.write({ file: join(job.folder, job.to), format: job.format, inlineDynamicImports: true });
  },
  Rolldown: async (job) => {
    const made = await rolldown({
      cwd: job.folder,
      input: job.from,
      external: outside(job),
      platform: job.platform,
      logLevel: 'silent',
    });
    const { to: file, format, minify = false } = job;
    await made.write({ file: join(job.folder, file), format, minify, codeSplitting: false });
  },
};
