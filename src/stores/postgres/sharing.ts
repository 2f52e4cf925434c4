/** What processes on one schema tell each other: news by notification, commands and their answers by rows. */
import type { JsonObject } from '../../json.ts';
import type { CommandRow, News, Pin, RunChange, Sharing } from '../../store.ts';
import { Rows } from './arrays.ts';
import { Listener, newsOf, newsOfRuns } from './listener.ts';
import type { Process } from './process.ts';
import type { RowReader } from './rows.ts';
import type { Server } from './server.ts';
import * as sql from './statements.ts';
import { fromColumn, toColumn } from './text.ts';
import { usable } from './words.ts';

export class PostgresSharing implements Sharing {
  readonly #server: Server;
  readonly #channel: string;
  readonly #rows: RowReader;
  readonly #process: () => Process;
  readonly #untold = new Set<string>();
  #telling: Promise<void> | null = null;
  #listener: Listener | null = null;

  constructor(server: Server, channel: string, rows: RowReader, process: () => Process) {
    this.#server = server;
    this.#channel = channel;
    this.#rows = rows;
    this.#process = process;
  }

  async listen(heard: (news: News) => void): Promise<void> {
    await this.stop();
    const server = { connect: () => this.#server.client(), patience: this.#server.patience };
    const listener = new Listener(server, this.#channel, this.#process().name, heard);
    this.#listener = listener;
    await usable(this.#server.name, () => listener.start());
  }

  /**
   * Tells the others that runs were committed to, or deleted; what comes meanwhile is told together. Not in the commit itself: whoever tells
   * holds a lock of the whole server until its transaction is safe on disk, and processes would commit one after the other.
   */
  tell(process: string, changes: readonly Pick<RunChange, 'run'>[]): void {
    for (const { run } of changes) this.#untold.add(run);
    this.#telling ??= this.#tellAll(process).finally(() => {
      this.#telling = null;
    });
  }

  async #tellAll(process: string): Promise<void> {
    while (this.#untold.size > 0) {
      const news = new Rows(['text']);
      for (const each of newsOfRuns(process, [...this.#untold])) news.push(each);
      this.#untold.clear();
      // Who is not told looks by itself.
      await this.#server.ask(sql.TELL, ...news.arrays()).catch(() => {});
    }
  }

  /** Looks whether news still come: where a network drops what is sent, nobody says so. */
  check(): void {
    this.#listener?.check();
  }

  async stop(): Promise<void> {
    await this.#telling;
    const listener = this.#listener;
    this.#listener = null;
    await listener?.stop();
  }

  async leaveCommand({ id, run, body }: CommandRow): Promise<void> {
    const { name } = this.#process();
    const [command, place] = [toColumn(id), toColumn(run)];
    const news = newsOf(name, 'commands');
    await this.#server.ask(sql.LEAVE_COMMAND, command, place, JSON.stringify(body), this.#process().now(), news);
  }

  async readCommands(limit: number): Promise<readonly CommandRow[]> {
    const rows = await this.#server.ask(sql.SELECT_COMMANDS, this.#process().name, limit);
    return rows.map((row) => this.#rows.command(row));
  }

  async answerCommand(id: string, answer: JsonObject): Promise<void> {
    const news = newsOf(this.#process().name, 'answers');
    await this.#server.ask(sql.ANSWER_COMMAND, toColumn(id), JSON.stringify(answer), news);
  }

  async takeAnswer(id: string): Promise<JsonObject | null> {
    const [row] = await this.#server.ask(sql.TAKE_ANSWER, toColumn(id));
    return row === undefined ? null : this.#rows.answer(row);
  }

  async readStrays(known: readonly Pin[]): Promise<readonly string[]> {
    const self = this.#process();
    const rows = await this.#server.ask(sql.SELECT_STRAYS, self.name, self.now(), ...pinColumns(known));
    return rows.map(({ run }) => fromColumn(String(run)));
  }
}

/** Definitions as three columns. */
export function pinColumns(known: readonly Pin[]): readonly Buffer[] {
  const rows = new Rows(['text', 'text', 'text']);
  for (const { orchestrator, version, hash } of known)
    rows.push(toColumn(orchestrator), toColumn(version), toColumn(hash));
  return rows.arrays();
}
