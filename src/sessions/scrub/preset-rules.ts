import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintSourceCode } from '@secretlint/types';
import type { Hit } from './hit.ts';

type PresetRule = (typeof rules)[number];

/**
 * `filter-comments` lets a comment in the text switch rules off, `gcp` reads files. The ranges of `aws`, and
 * of `npm` for `_authToken`, begin before the secret and miss its end: own rules stand for them.
 */
const leftOut = /-rule-(?:filter-comments|gcp|aws)$/;

/** Ids of all rules of the preset, also of those that are left out; anchors.ts knows what each needs. */
export const presetIds: readonly string[] = rules.map(({ meta }) => meta.id);

const scanners = rules.filter(({ meta }) => !leftOut.test(meta.id)).map(scannerOf);

/** What secretlint's recommended rules find, without those that are `skipped` by their names. */
export function findByPreset(text: string, skipped: ReadonlySet<string>): Hit[] {
  return scanners.flatMap(({ name, scan }) => (skipped.has(name) ? [] : scan(text)));
}

/**
 * Runs a rule without secretlint's core, which builds a table of lines and marks of performance for each text,
 * and lets comments in the text switch rules off.
 */
function scannerOf(rule: PresetRule): { name: string; scan(text: string): Hit[] } {
  const name = rule.meta.id.replace(/^.*-rule-/, '');
  let hits: Hit[] = [];
  const { file } = rule.create(
    {
      sharedOptions: {},
      createTranslator: () => (messageId) => ({
        message: String(messageId),
        messageId: String(messageId),
        data: undefined,
      }),
      report({ range: [start, end], message }) {
        if (name === 'npm' && message.messageId === 'Npmrc_authToken') return;
        hits.push({ start, end, rule: name });
      },
      ignore: () => undefined,
    },
    {},
  );
  return {
    name,
    scan(text) {
      hits = [];
      // The rules that are used read the text alone and answer at once.
      if (file?.(sourceOf(text)) !== undefined) throw new Error(`The rule ${name} does not answer at once`);
      return hits;
    },
  };
}

function sourceOf(content: string): SecretLintSourceCode {
  const nowhere = () => {
    throw new Error('A text of a session has no lines and columns');
  };
  return {
    content,
    hasBOM: false,
    filePath: undefined,
    physicalFilePath: undefined,
    contentType: 'text',
    ext: '',
    getFilePath: () => undefined,
    getPhysicalFilePath: () => undefined,
    locationToRange: nowhere,
    rangeToLocation: nowhere,
    positionToIndex: nowhere,
    indexToPosition: nowhere,
  };
}
