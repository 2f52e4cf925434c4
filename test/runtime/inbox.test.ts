/** What people are asked, in all runs: lists by person, role, run and status, page by page, and what is refused at the border (P167, P168). */
import { createSignalbox, orchestrator, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import type { DecideOptions } from '../../src/runtime/approvals.ts';
import { Anything, stage } from '../helpers/stage.ts';

describe('the inbox (P167, P168)', () => {
  const head = { version: '1', input: Anything } as const;
  const ask = track('ask', { input: Anything }).approval('one', {
    ask: ({ input }) => String(input.name),
    assignees: ({ input }) => input.to,
    expires: '2d',
  });
  const flow = orchestrator('asking', head).track('a', ask, { input: ({ input }) => input });
  const other = orchestrator('other', head).track('a', ask, { input: ({ input }) => input });

  async function inbox() {
    const { clock, options } = stage();
    const box = clock.follow(await createSignalbox({ orchestrators: [flow, other], ...options }));
    const open = async (name: string, to: object, by: typeof flow | typeof other = flow) => {
      await box.start(by as typeof flow, { id: name, input: { name, to } });
      await settled(box);
    };
    await open('a', { users: ['mia'] });
    await open('b', { roles: ['manager'] });
    await open('c', { users: ['tom'], roles: ['cook'] });
    await open('d', {});
    await open('e', { users: ['mia'], roles: ['manager'] }, other);
    return { box, clock };
  }
  const names = (page: { readonly approvals: readonly { readonly question: string }[] }) =>
    page.approvals.map(({ question }) => question).join('');

  test('shows a claim that has ended as pending, and what was delegated to whose word is awaited', async () => {
    const { box, clock } = await inbox();
    const listed = async () => [
      names(await box.approvals({ status: 'pending' })),
      names(await box.approvals({ status: 'claimed' })),
    ];
    await box.decide('a/a/one#1', { decision: 'claim', by: 'mia' });
    expect(await listed()).toEqual(['bcde', 'a']);
    await clock.advance('16m');
    expect([(await box.approval('a/a/one#1'))?.status, await listed()]).toEqual(['pending', ['abcde', '']]);
    await box.decide('b/a/one#1', { decision: 'delegate', by: 'ann', roles: ['manager'], to: { users: ['kim'] } });
    const mine = { user: 'kim', roles: ['manager'] };
    expect(names(await box.approvals({ mine: { user: 'kim' } }))).toBe('bd');
    expect(names(await box.approvals({ mine }))).toBe('bed');
    await box.decide('b/a/one#1', { decision: 'return', by: 'kim' });
    expect(names(await box.approvals({ mine: { user: 'kim' } }))).toBe('d');
    await box.close();
  });

  test('shows what is mine: by name, by role, or anybody’s, each once, and page by page', async () => {
    const { box } = await inbox();
    expect(names(await box.approvals())).toBe('abcde');
    expect(names(await box.approvals({ mine: { user: 'mia' } }))).toBe('aed');
    expect(names(await box.approvals({ mine: { user: 'mia', roles: ['manager', 'cook'] } }))).toBe('aebcd');
    expect(names(await box.approvals({ mine: { user: 'kim' } }))).toBe('d');
    expect(names(await box.approvals({ role: 'manager' }))).toBe('be');
    expect(names(await box.approvals({ orchestrator: 'other' }))).toBe('e');
    expect(names(await box.approvals({ run: 'c' }))).toBe('c');
    for (const limit of [1, 2, 3, 5]) {
      let seen = '';
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await box.approvals({
          mine: { user: 'mia', roles: ['manager', 'cook'] },
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        expect(page.approvals.length).toBeLessThanOrEqual(limit);
        seen += names(page);
        cursor = page.cursor;
      }
      expect([limit, seen]).toEqual([limit, 'aebcd']);
    }
    await box.close();
  });

  test('shows what is claimed as that, as long as it is, and what is over by how it ended', async () => {
    const { box, clock } = await inbox();
    await box.decide('a/a/one#1', { decision: 'claim', by: 'mia' });
    await box.decide('c/a/one#1', { decision: 'approve', by: 'tom' });
    await settled(box);
    expect(names(await box.approvals({ status: 'claimed' }))).toBe('a');
    expect(names(await box.approvals({ status: 'pending' }))).toBe('bde');
    expect(names(await box.approvals({ status: 'resolved' }))).toBe('c');
    expect(names(await box.approvals({ status: 'any', mine: { user: 'tom' } }))).toBe('cd');
    await clock.advance('15m');
    expect(names(await box.approvals({ status: 'claimed' }))).toBe('');
    const before = new Date(clock.now() + 2 * 86_400_000);
    expect([names(await box.approvals({ before })), names(await box.approvals({ before: clock.now() }))]).toEqual([
      'abde',
      '',
    ]);
    await clock.advance('2d');
    expect(names(await box.approvals({ status: 'expired' }))).toBe('abde');
    await box.close();
  });

  test.each<[object, string]>([
    [{ status: 'done' }, 'status'],
    [{ limit: 0 }, 'limit'],
    [{ cursor: 'x' }, 'cursor'],
    [{ mine: 'mia' }, 'mine'],
    [{ mine: {} }, 'mine.user'],
    [{ mine: { user: 'mia', roles: 'x' } }, 'mine.roles'],
    [{ role: '' }, 'role'],
    [{ before: 'soon' }, 'before'],
    [{ whose: 'mine' }, 'whose'],
  ])('refuses %j', async (query, option) => {
    const { options } = stage();
    await using box = await createSignalbox({ orchestrators: [], ...options });
    await expect(box.approvals(query)).rejects.toThrow(option);
  });

  test.each<[object, string]>([
    [{}, 'decision'],
    [{ decision: 'yes', by: 'mia' }, 'decision'],
    [{ decision: 'approve' }, 'by'],
    [{ decision: 'approve', by: '' }, 'by'],
    [{ decision: 'approve', by: 'x'.repeat(201) }, 'by'],
    [{ decision: 'approve', by: 'mia', roles: 'manager' }, 'roles'],
    [{ decision: 'approve', by: 'mia', comment: 'x'.repeat(1_001) }, 'comment'],
    [{ decision: 'approve', by: 'mia', as: 'reject' }, 'as'],
    [{ decision: 'override', by: 'mia' }, 'as'],
    [{ decision: 'reassign', by: 'mia', to: { users: [7] } }, 'to.users'],
    [{ decision: 'approve', by: 'mia', version: 'one' }, 'version'],
    [{ decision: 'approve', by: 'mia', reason: 'x' }, 'reason'],
  ])('refuses a decision like %j', async (options, option) => {
    const { box } = await inbox();
    await expect(box.decide('a/a/one#1', options as DecideOptions)).rejects.toThrow(`"${option}"`);
    expect((await box.approval('a/a/one#1'))?.history).toEqual([]);
    await box.close();
  });
});
