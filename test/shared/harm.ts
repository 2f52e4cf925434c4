/** Servers that are harmed while boxes work on them, and what these boxes were promised meanwhile. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignalbox, type LogLine, type Signalbox, type Store } from 'signalbox';
import { onTestFinished } from 'vitest';
import { bring } from '../crash/clients.ts';
import { flowsOf } from '../crash/load.ts';
import { type Remains, remainsIn } from '../crash/workers.ts';

/** What is done to a server, and how it is well again. */
export interface Harm {
  readonly title: string;
  /** For how long it is away, in milliseconds. */
  readonly lasts: number;
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

const LEASE = process.env.SIGNALBOX_CHAOS === undefined ? '2s' : '3s';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Boxes under load: clients bring runs to their end through them, one after the other, and note what they are promised. */
export class Load {
  readonly folder = mkdtempSync(join(tmpdir(), 'signalbox-harm-'));
  readonly lines: LogLine[] = [];
  /** Requests that were rejected, in words. */
  readonly rejected: string[] = [];
  readonly boxes: Signalbox[] = [];
  readonly flows = flowsOf((what, key) => this.#write('effects', `${Date.now()} ${what} ${key} unknown`));
  readonly #open: () => Store;
  readonly #lease: string;
  readonly #clients: Promise<void>[] = [];
  #goesOn = true;
  #count = 0;
  /** Runs that were brought to their end. */
  ended = 0;

  constructor(open: () => Store, lease = LEASE) {
    this.#open = open;
    this.#lease = lease;
    onTestFinished(async () => {
      await Promise.all(this.boxes.map((box) => box.close()));
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Another box, and so many clients of it. */
  async box(clients: number, store = this.#open(), orchestrators = this.flows): Promise<Signalbox> {
    const logger = (line: LogLine): void => void this.lines.push(line);
    const options = { orchestrators, store, logger, lease: this.#lease };
    const box = (await createSignalbox(options as never)) as Signalbox;
    this.boxes.push(box);
    for (let each = 0; each < clients; each += 1) this.#clients.push(this.#load(box));
    return box;
  }

  /** Notes something beside what the clients note. */
  note(line: string): void {
    this.#write('acks', line);
  }

  /** Brings one more run to its end. */
  bring(box: Signalbox, run: string, flow: string, input: number): Promise<void> {
    return bring({ box, ...this.#client() }, run, flow, input);
  }

  /** Resolves when so many runs have ended, and throws if nothing more happens. */
  async brought(count: number): Promise<void> {
    for (let tries = 0; this.ended < count; tries += 1) {
      if (tries === 600)
        throw new Error(`It stands still after ${this.ended} runs. ${this.errors.slice(-3).join('\n')}`);
      await pause(25);
    }
  }

  /** Brings to an end what is there. */
  async finish(): Promise<void> {
    this.#goesOn = false;
    await Promise.all(this.#clients);
  }

  /** What the place has, compared with what was promised and with what the bodies did. */
  remains(): Promise<Remains> {
    return remainsIn(this.folder, this.#open());
  }

  /** Lines that an operator sees. */
  get errors(): readonly string[] {
    return this.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  }

  #client() {
    const again = async (error: unknown, what: string): Promise<boolean> => {
      const { code, message } = error as { readonly code?: string; readonly message: string };
      this.rejected.push(`${what}: ${code} ${message}`);
      if (code !== 'store-unusable') return false;
      await pause(50);
      return true;
    };
    return { flows: this.flows, ack: (line: string) => this.#write('acks', line), again };
  }

  async #load(box: Signalbox): Promise<void> {
    while (this.#goesOn) {
      this.#count += 1;
      const count = this.#count;
      const flow = this.flows[count % this.flows.length]?.name ?? '';
      this.#write('acks', `wanted r${count} ${flow} ${count}`);
      try {
        await this.bring(box, `r${count}`, flow, count);
      } catch (error) {
        if ((error as { readonly code?: string }).code === 'box-closed') return;
        throw error;
      }
      this.ended += 1;
    }
  }

  #write(file: string, line: string): void {
    appendFileSync(join(this.folder, file), `${line}\n`);
  }
}
