/**
 * A connection that hears what other processes tell, and comes back by itself when it breaks. What is said while
 * it is away is lost, so after it has come back everything but runs is taken for news; for these the host looks by itself.
 *
 * A notification is a list in JSON: who tells it, about what, and which runs.
 */
import { systemClock } from '../../clock.ts';
import type { News } from '../../store.ts';
import type { Client } from './client.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Postgres takes less than 8,000 bytes. */
const LONGEST = 7_900;

const ABOUT: readonly News['about'][] = ['runs', 'commands', 'answers', 'released'];

/** One notification. */
export function newsOf(process: string, about: News['about']): string {
  return JSON.stringify([process, about]);
}

/** As many notifications about runs as it takes. A run whose id is too long for any is left out: the host looks by itself. */
export function newsOfRuns(process: string, runs: readonly string[]): readonly string[] {
  const head = `[${JSON.stringify(process)},"runs"`;
  const told: string[] = [];
  let list = '';
  let size = 0;
  for (const run of runs) {
    const next = `,${JSON.stringify(run)}`;
    const bytes = Buffer.byteLength(next);
    if (Buffer.byteLength(head) + bytes > LONGEST) continue;
    if (Buffer.byteLength(head) + size + bytes > LONGEST) {
      told.push(`${head}${list}]`);
      list = '';
      size = 0;
    }
    list += next;
    size += bytes;
  }
  if (list !== '') told.push(`${head}${list}]`);
  return told;
}

/** Hears on one channel until it is stopped. */
export class Listener {
  readonly #connect: () => Promise<Client>;
  readonly #patience: number;
  readonly #channel: string;
  readonly #process: string;
  readonly #heard: (news: News) => void;
  #client: Client | null = null;
  /** The connection, when it hears and nothing is asked on it. */
  #hearing: Client | null = null;
  #stopWaiting: () => void = () => {};
  #pause = FIRST_PAUSE;
  #stopped = false;

  constructor(
    { connect, patience }: { readonly connect: () => Promise<Client>; readonly patience: number },
    channel: string,
    process: string,
    heard: (news: News) => void,
  ) {
    this.#connect = connect;
    this.#patience = patience;
    this.#channel = channel;
    this.#process = process;
    this.#heard = heard;
  }

  /** Resolves when it hears. Rejects if it cannot; once it could, it tries again for ever. */
  async start(): Promise<void> {
    const client = await this.#connect();
    this.#client = client;
    let hears = false;
    client.on('error', () => {});
    client.on('end', () => {
      if (hears) this.#startAgain();
    });
    client.on('notification', ({ payload = '' }) => this.#take(payload));
    try {
      await client.connect();
      await this.#listen(client);
      hears = true;
      this.#pause = FIRST_PAUSE;
    } catch (error) {
      if (this.#client === client) this.#client = null;
      void client.end().catch(() => {});
      throw error;
    }
    // It may have been stopped while it was connecting.
    if (this.#stopped) await this.stop();
  }

  /** Looks whether the connection is still one. If it is not, another is made. */
  check(): void {
    const client = this.#hearing;
    if (client === null) return;
    this.#hearing = null;
    this.#listen(client).catch((error: Error) => client.giveUp(error));
  }

  /** Asks to hear, once more for all it matters: that an answer comes tells that the connection is one. */
  async #listen(client: Client): Promise<void> {
    // The channel is a name that was checked, and cannot be a parameter.
    await client.within(this.#patience, () => client.query(`listen ${this.#channel}`));
    if (this.#client === client) this.#hearing = client;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWaiting();
    const client = this.#client;
    this.#client = null;
    this.#hearing = null;
    await client?.end().catch(() => {});
  }

  #startAgain(): void {
    if (this.#stopped) return;
    this.#client = null;
    this.#hearing = null;
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    this.#stopWaiting = systemClock.wakeAfter(pause, () => {
      this.start().then(
        () => {
          for (const about of ['commands', 'answers', 'released'] as const) this.#tell({ about });
        },
        () => this.#startAgain(),
      );
    });
  }

  #take(payload: string): void {
    const news = readNews(payload, this.#process);
    if (news !== null) this.#tell(news);
  }

  #tell(news: News): void {
    if (!this.#stopped) this.#heard(news);
  }
}

/** Null for what we have said ourselves, and for what other programs say on this channel. */
function readNews(payload: string, process: string): News | null {
  let said: unknown;
  try {
    said = JSON.parse(payload);
  } catch {
    return null;
  }
  if (!Array.isArray(said)) return null;
  const [who, about, ...runs] = said as readonly unknown[];
  if (who === process || !ABOUT.includes(about as News['about'])) return null;
  if (about === 'runs') return { about, runs: runs.filter((run) => typeof run === 'string') };
  return { about: about as 'commands' | 'answers' | 'released' };
}
