import { engineFor, jobKinds } from '../../../core/engine.ts';
import { askModel, defaultModelUrl, type ModelAccess } from '../../../engines/model-access.ts';
import type { Check } from '../check.ts';
import { noAnswer } from '../no-answer.ts';
import { failed, ok, skipped, type Verdict, warning } from '../verdict.ts';

const consolePages = 'https://platform.claude.com/settings';

export const model: Check = {
  id: 'model',
  area: 'app',
  title: 'Model',
  looksAt:
    'The address of the model takes the key. It is asked for its models and to count the tokens of one word, which costs nothing. Only where `ANTHROPIC_API_KEY` or `ANTHROPIC_BASE_URL` is set here; a secret of a repository cannot be read.',
  mend: 'Replace the key, buy credit, or correct `ANTHROPIC_BASE_URL`.',
  needs: ['configuration'],
  async inspect({ config, env }, _, signal) {
    const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseUrl } = env;
    if (!apiKey && !baseUrl) {
      const { dispatcher, engine } = await config();
      const isDirect = jobKinds.some((kind) => engineFor(kind, [engine]) === 'anthropic-api');
      if (isDirect && dispatcher.kind === 'local') return noKeyForDirect();
      return skipped(
        'Neither ANTHROPIC_API_KEY nor ANTHROPIC_BASE_URL is set here.',
        'To try a key before it becomes a secret: `read -rs ANTHROPIC_API_KEY; export ANTHROPIC_API_KEY`, then `dexter doctor`.',
      );
    }
    const at = baseUrl || defaultModelUrl;
    return judgeModel(at, await askModel({ baseUrl: at, apiKey: apiKey || undefined }, signal));
  },
};

/** The direct engine has no other way to the model. */
export function noKeyForDirect(): Verdict {
  return failed(
    'The `engine` of dexter.yml is `anthropic-api`, and neither ANTHROPIC_API_KEY nor ANTHROPIC_BASE_URL is set here: the runs of this machine would be refused.',
    'Set ANTHROPIC_API_KEY, or the address of a gateway, or take `engine` out: a CLI that is logged in by itself goes with `claude-code` alone.',
  );
}

export function judgeModel(at: string, { models, counted }: ModelAccess): Verdict {
  if (models.outcome === 'strange' || models.outcome === 'unreachable') {
    return noAnswer({ name: 'the model', at, setting: 'ANTHROPIC_BASE_URL' }, models);
  }
  const answer = models.outcome === 'refused' ? models : counted;
  if (answer?.outcome === 'refused') {
    const { status, said } = answer;
    if (/credit balance|billing/i.test(said) || status === 402) {
      return failed(
        `The account of the key has no credit left (${at} says: ${said}).`,
        `Buy credit: ${consolePages}/billing`,
      );
    }
    if (models.outcome === 'refused') {
      if (status === 401) {
        return failed(
          `${at} does not take the key (HTTP 401).`,
          `Set ANTHROPIC_API_KEY to a key that is valid there, such as a new one from ${consolePages}/keys`,
        );
      }
      if (status === 403) {
        return failed(
          `The key may not use the model at ${at} (HTTP 403).`,
          `Look at the rights of its workspace: ${consolePages}/keys`,
        );
      }
      if (status === 404 || status === 405) {
        return warning(
          `${at} answers, but has no list of models: whether it takes the key is not known.`,
          'Give the first command, `@dexter help` is not enough, and look whether it ends well.',
        );
      }
      return failed(
        `${at} answers with HTTP ${status} when it is asked for its models.`,
        'Try again later; status.claude.com tells whether there is an incident.',
      );
    }
  }
  const names = models.outcome === 'answered' ? models.value.length : 0;
  if (names === 0) {
    return failed(
      `The key may use no model at ${at}.`,
      `Look at the rights of its workspace: ${consolePages}/keys`,
    );
  }
  return ok(`${at} takes the key.`);
}
