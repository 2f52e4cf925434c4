/** What processes that share a server tell each other: news that are published, and commands that lie there until they are answered. */
import type { JsonObject } from '../../json.ts';
import type { CommandRow, News, Pin, Sharing } from '../../store.ts';
import type { Address } from './address.ts';
import type { Connection, Reply } from './connection.ts';
import { idOf, part, pinOf } from './keys.ts';
import { READ_STRAYS } from './lease-scripts.ts';
import { Listener, newsText } from './listener.ts';
import type { RowReader } from './rows.ts';
import type { Script } from './script.ts';
import * as scripts from './scripts.ts';

/** How long a command waits for an answer, and an answer for the one who asked, in seconds. */
const DAY = '86400';

export class RedisSharing implements Sharing {
  /** The name of this process; set when the store is opened. */
  owner = '';
  readonly #address: Address;
  readonly #connection: Connection;
  readonly #base: string;
  readonly #rows: RowReader;
  #listener: Listener | null = null;

  constructor(address: Address, connection: Connection, base: string, rows: RowReader) {
    this.#address = address;
    this.#connection = connection;
    this.#base = base;
    this.#rows = rows;
  }

  async listen(heard: (news: News) => void): Promise<void> {
    this.close();
    this.#listener = new Listener(this.#address, `${this.#base}news`, this.owner, heard);
    await this.#listener.open();
  }

  async leaveCommand({ id, run, body }: CommandRow): Promise<void> {
    const news = newsText(this.owner, 'commands');
    await this.#run(scripts.LEAVE_COMMAND, part(id), part(run), JSON.stringify(body), DAY, news);
  }

  async readCommands(limit: number): Promise<readonly CommandRow[]> {
    const found = await this.#run<readonly string[]>(scripts.READ_COMMANDS, part(this.owner), String(limit));
    const commands: CommandRow[] = [];
    for (let index = 0; index < found.length; index += 3) {
      const [id, run, body] = found.slice(index, index + 3) as [string, string, string];
      commands.push(this.#rows.command(idOf(id), idOf(run), body));
    }
    return commands;
  }

  async answerCommand(id: string, answer: JsonObject): Promise<void> {
    const news = newsText(this.owner, 'answers');
    await this.#run(scripts.ANSWER_COMMAND, part(id), JSON.stringify(answer), DAY, news);
  }

  async takeAnswer(id: string): Promise<JsonObject | null> {
    const answer = await this.#run<string | null>(scripts.TAKE_ANSWER, part(id));
    return answer === null ? null : this.#rows.answer(id, answer);
  }

  async readStrays(known: readonly Pin[]): Promise<readonly string[]> {
    return (await this.#run<readonly string[]>(READ_STRAYS, ...known.map(pinOf))).map(idOf);
  }

  /** Looks whether news still come. */
  async check(): Promise<void> {
    await this.#listener?.check();
  }

  close(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  #run<T extends Reply>(script: Script, ...values: readonly string[]): Promise<T> {
    return this.#connection.run<T>(script, [this.#base], values);
  }
}
