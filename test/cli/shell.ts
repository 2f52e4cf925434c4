/** The command line as a shell has it: a process, its exit code and what it writes. And an application beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { run } from '../../src/cli/cli.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const APPLICATION = fileURLToPath(new URL('application.ts', import.meta.url));
export const FLOW = fileURLToPath(new URL('flow.ts', import.meta.url));
const COMPILED = join(tmpdir(), 'signalbox-cli-compiled');

/** How a call has ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with a file of runs, the command line in it, and applications that begin runs there. */
export class Shell {
  readonly folder = mkdtempSync(join(tmpdir(), 'signalbox-cli-'));
  readonly file = join(this.folder, 'runs.db');
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: { readonly [name: string]: string } = {}) {
    const { SIGNALBOX_STORE: _, SIGNALBOX_APP: __, ...rest } = process.env;
    this.#env = { ...rest, NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILED, FLOW_FOLDER: this.folder, ...env };
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** `signalbox …args`, on the file of this folder unless another store is named, or none (`null`). */
  async call(args: readonly string[], store: string | null = this.file): Promise<Ended> {
    return this.begin(args, store).ended;
  }

  /** A call that goes on meanwhile. */
  begin(args: readonly string[], store: string | null = this.file) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.#env, ...(store === null ? {} : { SIGNALBOX_STORE: store }) },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString();
    });
    const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, out, err }));
    // Whoever reads has enough: what is written from then on has no reader.
    const shut = (): void => void child.stdout.destroy();
    return { ended, written: () => out, interrupt: () => child.kill('SIGINT'), shut };
  }

  /** The same in this process, which is quicker. */
  async here(
    args: readonly string[],
    env: { readonly [name: string]: string } = { SIGNALBOX_STORE: this.file },
  ): Promise<Ended> {
    process.env.FLOW_FOLDER = this.folder;
    let [out, err] = ['', ''];
    const code = await run(args, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      columns: 80,
      colour: false,
      env,
      stop: new AbortController().signal,
      lost: null,
    });
    return { code, out, err };
  }

  /** An application that has begun these runs. */
  async application(name: string, ids: readonly string[], store = this.file, schema = '') {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', APPLICATION, store, schema, name, ...ids],
      { cwd: this.folder, stdio: ['pipe', 'pipe', 'inherit'], env: this.#env },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const closed = once(child, 'close');
    return {
      pid: child.pid,
      /** As a power cut does. */
      async kill(): Promise<void> {
        child.kill('SIGKILL');
        await closed;
      },
      async close(): Promise<void> {
        child.stdin.end();
        await closed;
      },
    };
  }

  put(name: string, text = ''): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  take(name: string): void {
    rmSync(join(this.folder, name));
  }

  /** What the bodies have done. */
  get effects(): readonly string[] {
    const path = join(this.folder, 'effects');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }
}
