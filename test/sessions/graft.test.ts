import { describe, expect, it } from 'vitest';
import { graft } from '../../src/sessions/graft.ts';
import type { RecordFields } from '../../src/sessions/transcript.ts';

const into = { sessionId: 'copy', leaf: 'copy-leaf' };

/** A run as the CLI writes it, after the record `whole-leaf`: a prompt, two tools side by side, an answer. */
const added: RecordFields[] = [
  { type: 'queue-operation', operation: 'enqueue', sessionId: 'whole' },
  {
    parentUuid: 'whole-leaf',
    type: 'user',
    uuid: 'prompt',
    sessionId: 'whole',
    message: { content: 'go on' },
  },
  { type: 'api-request-blob', hash: 'x', sessionId: 'whole' },
  { parentUuid: 'prompt', type: 'assistant', uuid: 'call-1', sessionId: 'whole' },
  { parentUuid: 'call-1', type: 'assistant', uuid: 'call-2', sessionId: 'whole' },
  {
    parentUuid: 'call-1',
    type: 'user',
    uuid: 'result-1',
    sourceToolAssistantUUID: 'call-1',
    sessionId: 'whole',
  },
  { parentUuid: 'call-2', type: 'user', uuid: 'result-2', sessionId: 'whole', cwd: '/work' },
  { parentUuid: 'result-2', type: 'assistant', uuid: 'answer', sessionId: 'whole' },
  { type: 'mode', mode: 'normal', sessionId: 'whole' },
  { type: 'cost-state', totalCostUSD: 3, sessionId: 'whole' },
];

describe('graft', () => {
  it('hangs a run from the end of the copy, under its id, and changes nothing else', () => {
    const expected: RecordFields[] = [1, 3, 4, 5, 6, 7, 8].map((index) => ({
      ...added[index],
      sessionId: 'copy',
    }));
    expected[0] = { ...expected[0], sessionId: 'copy', parentUuid: 'copy-leaf' };
    expect(graft(added, into)).toEqual({ outcome: 'grafted', records: expected });
  });

  it('hangs whatever hung from the whole from the end of the copy', () => {
    const rewound = [
      { parentUuid: 'earlier', type: 'user', uuid: 'other', sessionId: 'whole' },
      { parentUuid: null, type: 'user', uuid: 'first', sessionId: 'whole' },
    ];
    expect(graft(rewound, into)).toMatchObject({
      records: [{ parentUuid: 'copy-leaf' }, { parentUuid: 'copy-leaf' }],
    });
  });

  it('leaves what is in a message alone, whatever it says', () => {
    const message = { content: [{ type: 'text', text: 'sessionId whole, parentUuid whole-leaf' }] };
    const said = [{ parentUuid: 'whole-leaf', type: 'user', uuid: 'prompt', sessionId: 'whole', message }];
    expect(graft(said, into)).toMatchObject({ records: [{ message }] });
  });

  it('refuses a run in which the CLI compacted the whole by itself', () => {
    const boundary = { parentUuid: null, type: 'system', subtype: 'compact_boundary', uuid: 'b' };
    expect(graft([...added, boundary], into)).toEqual({
      outcome: 'unfit',
      reason: 'the whole conversation was compacted while the run went on',
    });
  });

  it('adds nothing for a run that said nothing', () => {
    expect(graft([], into)).toEqual({ outcome: 'grafted', records: [] });
  });
});
