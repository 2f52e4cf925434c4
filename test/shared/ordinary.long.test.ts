/** What somebody sees who has only just begun with a server: what is wrong with it, in words, and a process that ends, or does not. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createSignalbox, memory } from 'signalbox';
import { postgres } from 'signalbox/postgres';
import { describe, expect, test } from 'vitest';
import { newSchema, query, useServer } from '../helpers/postgres.ts';
import { pause } from './harm.ts';

const server = useServer();
const root = fileURLToPath(new URL('../../src/', import.meta.url));

/** A script in a process of its own; ended by the test if it does not end by itself. */
function script(text: string, ...args: readonly string[]) {
  const source = `import { createSignalbox, orchestrator } from ${JSON.stringify(`${root}index.ts`)};
    import { postgres } from ${JSON.stringify(`${root}stores/postgres/index.ts`)};
    const [url, schema] = process.argv.slice(1);\n${text}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source, ...args], { timeout: 20_000 });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (errors += data));
  const over = new Promise<{ code: number | null; signal: string | null; out: string; errors: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, errors }));
  });
  return { child, over, said: () => out };
}

const OPEN = `const box = await createSignalbox({ store: postgres(url, { schema }) }); console.log('open');`;

describe('a box that cannot be made says what is wrong, at once, and leaves nothing behind:', () => {
  test.each([
    [
      'a server that is not there',
      (url: URL) => (url.port = '9'),
      /nothing answers there\. Look whether the server runs, and at host and port/,
    ],
    ['a wrong password', (url: URL) => (url.password = 'wrong'), /it refuses the password\. Look at user and password/],
    [
      'a database that is not there',
      (url: URL) => (url.pathname = '/nowhere'),
      /there is no such database\. Create it \(`createdb`\)/,
    ],
  ])(
    '%s',
    async (_, spoil, words) => {
      const url = new URL(server.url);
      spoil(url);
      const began = Date.now();
      const { code, errors } = await script(OPEN, url.href, 'signalbox').over;
      expect(code).toBe(1);
      expect(errors).toMatch(words);
      expect(errors).toMatch(/StoreUnusable/);
      expect(errors).not.toContain('wrong');
      expect(Date.now() - began).toBeLessThan(10_000);
    },
    20_000,
  );

  test('a schema that has tables of somebody else, or belongs to them', async () => {
    const [taken, closed] = [newSchema(server), newSchema(server)];
    await query(server, '', `create schema ${taken}; create table ${taken}.runs (id integer)`);
    await expect(createSignalbox({ store: postgres(server.url, { schema: taken }) })).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringMatching(/has tables of another program\. Give the store a schema of its own/),
    });
    const role = `poor_${process.pid}`;
    await query(
      server,
      '',
      `create schema ${closed}; create role ${role} login password 'poor'; grant usage on schema ${closed} to ${role}`,
    );
    const url = new URL(server.url);
    [url.username, url.password] = [role, 'poor'];
    try {
      await expect(createSignalbox({ store: postgres(url.href, { schema: closed }) })).rejects.toMatchObject({
        code: 'store-unusable',
        message: expect.stringMatching(/its user may not do that\. The user needs a schema of its own/),
      });
    } finally {
      await query(server, '', `revoke usage on schema ${closed} from ${role}; drop role ${role}`);
    }
  });

  test.each([0, 100, '10ms'])('a lease of %j', async (lease) => {
    await expect(createSignalbox({ store: memory(), lease })).rejects.toMatchObject({
      code: 'option-invalid',
      message: expect.stringMatching(/^Option "lease" cannot be .*: it takes at least 500ms/),
    });
  });
});

describe('a box on a server keeps its process:', () => {
  test('one that was never closed stays, is ended by a signal as any process is, and its runs are taken over after the lease', async () => {
    const schema = newSchema(server);
    const { child, over, said } = script(OPEN, server.url, schema);
    await expect.poll(said, { timeout: 10_000 }).toBe('open\n');
    await pause(700);
    expect(child.exitCode).toBe(null);
    child.kill('SIGTERM');
    expect(await over).toEqual({ code: null, signal: 'SIGTERM', out: 'open\n', errors: '' });
  }, 20_000);

  test('one that is closed lets it end', async () => {
    const { over } = script(`${OPEN} await box.close(); console.log('closed');`, server.url, newSchema(server));
    expect(await over).toEqual({ code: 0, signal: null, out: 'open\nclosed\n', errors: '' });
  }, 20_000);
});
