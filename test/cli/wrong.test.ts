/** Whatever is wrong with a call is one line that says what, and how it is right; never a stack. The exit code tells it from a run that failed. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LINES } from '../../src/cli/commands/index.ts';
import { createSignalbox } from '../../src/index.ts';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { asking, orchestrators, tasks } from './flow.ts';
import { FLOW, Shell } from './shell.ts';

async function place() {
  const shell = new Shell();
  const box = await createSignalbox({ store: sqlite(shell.file), orchestrators, tasks });
  await box.start(asking, { id: 'invoice-1', input: { cents: 1 } });
  await box.close();
  return shell;
}

test('a call that is wrong ends with code 2 and one line that says how it is right (P208)', async () => {
  const shell = await place();
  shell.put('broken.ts', 'export const orchestrators = [;');
  shell.put('throws.mjs', "throw new Error('no database\\nat all');");
  shell.put(
    'twice.ts',
    `import { asking } from ${JSON.stringify(FLOW)};\nexport const orchestrators = [asking, asking];`,
  );
  mkdirSync(join(shell.folder, 'folder.db'));
  shell.put('empty.mjs', 'export const order = 1;');
  shell.put('other.db', 'this is no database, and is longer than the head of one'.repeat(20));
  const db = ['--store', shell.file];
  const app = ['--app', FLOW];
  const at = (name: string): string => join(shell.folder, name);
  const cases: readonly (readonly [readonly string[], string | RegExp])[] = [
    [
      ['explain', 'invoice-1', ...db, '--app', at('twice.ts')],
      /^The definition of "asking" has a fault; fix these before starting a run\. .*two orchestrators are called "asking"/,
    ],
    [['audit', 'nobody', ...db], /^there is no run "nobody"/],
    [['stauts'], 'there is no command "stauts"; did you mean signalbox status?'],
    [['frobnicate'], 'there is no command "frobnicate"; see signalbox --help'],
    [['status', '--stroe', 'x.db'], 'signalbox status has no option --stroe; did you mean --store?'],
    [['resume', 'x', '-q'], 'signalbox resume has no option -q; see signalbox resume --help'],
    [['status', '--store'], '--store wants a value: --store STORE'],
    [['status', '--store', '--json'], '--store wants a value: --store STORE'],
    [['status', '--json=yes'], '--json takes no value: say --json alone'],
    [['status', ...db, ...db], '--store was given twice: say it once'],
    [['resume', ...db], 'RUN is missing: signalbox resume RUN'],
    [['retry', 'invoice-1', ...db], 'PATH is missing: signalbox retry RUN PATH'],
    [['status', 'a', 'b', ...db], '"b" is one word too many: signalbox status [RUN]'],
    [['status'], /^--store is missing: say a SQLite file .* or set SIGNALBOX_STORE$/],
    [['status', '--store', 'mysql://x'], /^"mysql:\/\/x" is no store: say a SQLite file/],
    [['status', '--store', 'nowhere.db'], /^nowhere\.db: there is no such file/],
    [['status', '--store', 'postgres://127.0.0.1:1/x'], /^postgres .* cannot be used as a store: /],
    [['status', '--store', at('folder.db')], /cannot be used as a store: there is a folder at this path/],
    [['status', '--store', at('other.db')], /other\.db cannot be used as a store: it is not a SQLite database/],
    [
      ['status', 'nobody', ...db],
      'there is no run "nobody" in this store; signalbox status lists those that there are',
    ],
    [['resume', 'nobody', ...db, ...app], /^there is no run "nobody"/],
    [['status', ...db, '--limit', '0'], '--limit takes a whole number from 1 to 1000, and not "0"'],
    [['status', ...db, '--status', 'waitin'], '"waitin" is no status; did you mean waiting?'],
    [['status', 'invoice-1', ...db, '--limit', '5'], '--limit narrows the list: say it without a RUN'],
    [['status', ...db, '--cursor', 'x'], /^Option "cursor" cannot be "x"/],
    [['events', 'invoice-1', ...db, '--after', '-1'], /^--after takes the number of an event, and not "-1"$/],
    [['diagram', 'invoice-1', ...db, '--format', 'svgg'], '"svgg" is no format; did you mean svg?'],
    [['signal', 'invoice-1', 'go', '{oops', ...db, ...app], /^the payload is not JSON \(.*\); a text wants quotes/],
    [['abandon', 'invoice-1', ...db], '--reason is missing: signalbox abandon RUN --reason TEXT'],
    [['decide', 'invoice-1', 'approve', '--by', 'mia', ...db, ...app], /^"invoice-1" is no id of an approval/],
    [
      ['decide', 'invoice-1/x#1', 'approve', '--by', 'mia', ...db, ...app],
      'there is no approval "invoice-1/x#1"; see signalbox approvals',
    ],
    [
      ['decide', 'invoice-1/release/manager#1', 'approve', ...db, ...app],
      '--by is missing: signalbox decide ID DECISION --by NAME',
    ],
    [
      ['decide', 'invoice-1/release/manager#1', 'aprove', '--by', 'mia', ...db, ...app],
      /^Option "decision" cannot be "aprove"/,
    ],
    [['approvals', ...db, '--role', 'a', '--role', 'b'], '--role may be said twice with a --user alone'],
    [
      ['resume', 'invoice-1', ...db],
      'run "invoice-1" is of orchestrator "asking", which this needs to know: say --app FILE, a module that exports it',
    ],
    [['resume', 'invoice-1', ...db, '--app', at('gone.ts')], /gone\.ts: there is no such file$/],
    [['resume', 'invoice-1', ...db, '--app', at('broken.ts')], /broken\.ts could not be loaded: /],
    [['resume', 'invoice-1', ...db, '--app', at('throws.mjs')], /throws\.mjs could not be loaded: no database$/],
    [
      ['resume', 'invoice-1', ...db, '--app', at('empty.mjs')],
      /empty\.mjs exports no orchestrators; it has to say: export default/,
    ],
  ];
  for (const [args, line] of cases) {
    const { code, out, err } = await shell.here(args, {});
    expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
    expect(err).toMatch(/^signalbox: [^\n]+\n$/);
    expect(err.slice('signalbox: '.length, -1)).toEqual(typeof line === 'string' ? line : expect.stringMatching(line));
  }
  // Nothing is made where somebody has misspelt a name.
  expect(existsSync('nowhere.db')).toBe(false);
});

test('an app that knows another version of the definition is refused before the file is taken (P208)', async () => {
  const shell = await place();
  const text = `
    import { orchestrator } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
    const input = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
    export default { orchestrators: [orchestrator('asking', { version: VERSION, input })] };
  `;
  for (const [version, says] of [
    [
      '2',
      /^signalbox: Run "invoice-1" is pinned to version "1" of orchestrator "asking", which this box was not given/,
    ],
    ['1', /^signalbox: Orchestrator "asking" has changed under version "1"/],
  ] as const) {
    const file = shell.put(`v${version}.mjs`, text.replace('VERSION', `'${version}'`));
    const { code, out, err } = await shell.here(['resume', 'invoice-1', '--store', shell.file, '--app', file], {});
    expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 2 });
    expect(err).toMatch(says);
  }
  // What only reads gets along without it.
  const { code } = await shell.here([
    'status',
    'invoice-1',
    '--store',
    shell.file,
    '--app',
    join(shell.folder, 'v2.mjs'),
  ]);
  expect(code).toBe(0);
});

test('help names every command, and each says what it takes (P208)', async () => {
  const shell = new Shell();
  const { code, out } = await shell.here(['--help']);
  expect(code).toBe(0);
  for (const { name, options } of LINES) {
    expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    const { code: ended, out: help } = await shell.here([name, '--help']);
    expect({ name, ended }).toEqual({ name, ended: 0 });
    for (const option of [...Object.keys(options), 'store', 'app', 'json']) expect(help).toContain(`--${option}`);
  }
  expect(await shell.here([])).toMatchObject({ code: 2, err: '' });
});

test('store and app may stand in the environment, and the app may bring the store (P208)', async () => {
  const shell = await place();
  const env = { SIGNALBOX_STORE: `sqlite:${shell.file}`, SIGNALBOX_APP: FLOW };
  expect(await shell.here(['explain', 'invoice-1'], env)).toMatchObject({ code: 0, err: '' });
  const app = shell.put(
    'app.mjs',
    `import * as flow from ${JSON.stringify(FLOW)};
     import { sqlite } from ${JSON.stringify(new URL('../../src/stores/sqlite/index.ts', import.meta.url).href)};
     export default { orchestrators: flow.orchestrators, tasks: flow.tasks, store: sqlite(${JSON.stringify(shell.file)}) };`,
  );
  const { code, out, err } = await shell.here([
    'decide',
    'invoice-1/release/manager#1',
    'approve',
    '--by',
    'mia',
    '--app',
    app,
  ]);
  expect({ code, out, err }).toEqual({ code: 0, out: 'resolved: approve\n', err: '' });
});
