/** Every command there is, by its name: one is added by a file beside this one, and a line here. */
import type { CommandMessage } from '../core/message.ts';
import type { TurnPort } from '../core/port.ts';
import { CommandUnreadable, show } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import type { Status } from '../status.ts';
import { cancel } from './cancel.ts';
import type { Command, Shared } from './command.ts';
import { decision as decide } from './decide.ts';
import { resolve, retry, skip } from './intervene.ts';
import { pause, resume } from './pause.ts';
import { signal } from './signal.ts';
import { start } from './start.ts';

const COMMANDS = { start, cancel, pause, resume, retry, skip, resolve, signal, decide } as const;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? (COMMANDS[name as CommandName] as Command<never> as Command) : undefined;
}

/** A command that was left for this process, as a message. Throws for a body that is none. */
export function readCommand(body: JsonObject): CommandMessage {
  const name = String(body.type);
  const way = wayOf(name);
  for (const [field, { wanted, fits }] of Object.entries(way.body)) {
    const given = Object.hasOwn(body, field) ? body[field] : undefined;
    if (!fits(given)) throw new CommandUnreadable({ command: name, field, given: show(given), wanted });
  }
  return way.read(body);
}

/** The way of a command to another process. */
export function wayOf(name: string): Shared<CommandMessage> {
  const way = commandNamed(name)?.shared;
  if (way === undefined)
    throw new CommandUnreadable({
      command: name,
      field: 'type',
      given: show(name),
      wanted: 'a command that this version knows',
    });
  return way;
}

/** What a turn does with a command. */
export function takeCommand(port: TurnPort, message: CommandMessage): boolean {
  return commandNamed(message.type)?.take(port, message) ?? false;
}

/** What a run of this status takes. */
export function allowedIn(status: Status): readonly CommandName[] {
  const names = Object.keys(COMMANDS) as CommandName[];
  return Object.freeze(names.filter((name) => COMMANDS[name].refusal(status) === null));
}
