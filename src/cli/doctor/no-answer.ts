import type { Answer } from '../../core/answer.ts';
import { failed, type Verdict } from './verdict.ts';

type NoAnswer = Extract<Answer<unknown>, { outcome: 'unreachable' | 'strange' }>;

/** A certificate that this machine does not trust, by the codes of OpenSSL. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH/;

/** What to say when a service did not answer as itself. `name` stands within a sentence, `setting` is the variable that holds the address. */
export function noAnswer(
  { name, at, setting }: { name: string; at: string; setting: string },
  answer: NoAnswer,
): Verdict {
  if (answer.outcome === 'strange') {
    return failed(
      `Something answers at ${at}, but not as ${name} does.`,
      `Correct ${setting}; a login page, a proxy or another program may stand there.`,
    );
  }
  const { code, said } = answer;
  const reason = code ?? said;
  if (code !== undefined && untrusted.test(code)) {
    return failed(
      `The certificate of ${name} at ${at} is not trusted by this machine (${reason}).`,
      'Name the file with the certificate of your authority in NODE_EXTRA_CA_CERTS, or renew the one of the server.',
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failed(
      `The name of ${name} at ${at} is not known to this machine (${reason}).`,
      `Correct ${setting}, or the DNS of this machine.`,
    );
  }
  return failed(
    `${capital(name)} cannot be reached at ${at} (${reason}).`,
    `Check that it runs, that a firewall or proxy lets this machine through, and ${setting}.`,
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
