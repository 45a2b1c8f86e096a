import { html } from 'hono/html';
import { askedText } from '../../core/command.ts';
import { EngineName } from '../../core/engine.ts';
import type { Viewer } from '../../core/viewer.ts';
import { mayBeRepeated } from '../../jobs/may-be-repeated.ts';
import type { CommandRow } from '../../ledger/tables.ts';
import { type Html, nothing } from '../html.ts';
import type { AskFields } from './ask.ts';
import type { FormTokens } from './form-tokens.ts';

/** An issue in one repository, as forms name it. */
export interface IssueOfForm {
  repositoryId: number;
  issueKey: string;
}

/** What the form to ask is filled in with. */
export interface AskFormOptions {
  /** `owner/name` and issue, where the page is about one: then nobody is asked for them. */
  about?: { repository: string; issue: string };
  /** Repositories to choose from, `owner/name`. */
  repositories?: readonly string[];
  /** What was filled in before and could not be taken. */
  filled?: Partial<AskFields>;
}

/** The forms of the pages. Each is empty where its action makes no sense. */
export interface ActionForms {
  retryForm(viewer: Viewer, command: Pick<CommandRow, 'id' | 'ask' | 'origin' | 'status'>): Html;
  /** `isOpen`: something of the issue runs or waits. */
  stopForm(viewer: Viewer, issue: IssueOfForm & { isOpen: boolean }): Html;
  /** Leads to the page that says what is removed. `isKept`: there is a session. */
  forgetForm(viewer: Viewer, issue: IssueOfForm & { isKept: boolean }): Html;
  /** What that page sends. */
  confirmForgetForm(viewer: Viewer, issue: IssueOfForm): Html;
  /** Has a field with text: it must not stand in a part of a page that is drawn anew. */
  askForm(viewer: Viewer, options?: AskFormOptions): Html;
}

/** What a token of a form is good for. */
export const purposes = {
  ask: () => 'ask',
  retry: (commandId: string) => `retry:${commandId}`,
  stop: ({ repositoryId, issueKey }: IssueOfForm) => `stop:${repositoryId}:${issueKey}`,
  forget: ({ repositoryId, issueKey }: IssueOfForm) => `forget:${repositoryId}:${issueKey}`,
};

/** Longest beginning of an instruction in the name of a button. */
const longestName = 80;

export function actionForms(tokens: FormTokens): ActionForms {
  const token = (viewer: Viewer, purpose: string) =>
    html`<input type="hidden" name="token" value="${tokens.make(viewer, purpose)}">`;
  const issueFields = ({ repositoryId, issueKey }: IssueOfForm) =>
    html`<input type="hidden" name="repository" value="${repositoryId}"><input type="hidden" name="issue" value="${issueKey}">`;

  return {
    retryForm(viewer, command) {
      if (!command.ask || !mayBeRepeated(command)) return nothing;
      const what = (askedText(command.ask).split('\n')[0] ?? '').slice(0, longestName).toWellFormed();
      return html`<form class="action" method="post" action="/actions/retry" autocomplete="off">
        ${token(viewer, purposes.retry(command.id))}<input type="hidden" name="command" value="${command.id}">
        <button type="submit">Retry<span class="hidden"> “${what}”</span></button>
      </form>`;
    },

    stopForm(viewer, issue) {
      if (!issue.isOpen) return nothing;
      return html`<form class="action" method="post" action="/actions/stop" autocomplete="off">
        ${token(viewer, purposes.stop(issue))}${issueFields(issue)}
        <button type="submit" title="Ends what runs and drops what waits on this issue; its session is kept">Stop everything on ${issue.issueKey}</button>
      </form>`;
    },

    forgetForm(_viewer, { repositoryId, issueKey, isKept }) {
      if (!isKept) return nothing;
      return html`<a class="button" href="${forgetPath({ repositoryId, issueKey })}">Forget…<span class="hidden"> the session of ${issueKey}</span></a>`;
    },

    confirmForgetForm(viewer, issue) {
      return html`<form class="action" method="post" action="/actions/forget" autocomplete="off">
        ${token(viewer, purposes.forget(issue))}${issueFields(issue)}
        <button type="submit" class="danger">Forget the session</button>
      </form>`;
    },

    askForm(viewer, { about, repositories = [], filled = {} } = {}) {
      const list =
        repositories.length === 0
          ? nothing
          : html`<datalist id="ask-repositories">${repositories.map((name) => html`<option value="${name}"></option>`)}</datalist>`;
      const where = about
        ? html`<input type="hidden" name="repository" value="${about.repository}"><input type="hidden" name="issue" value="${about.issue}">`
        : html`<div class="fields">
          <label class="field grow">Repository <input name="repository" required maxlength="140" placeholder="owner/name" autocomplete="on" autocapitalize="none" spellcheck="false"${list === nothing ? nothing : html` list="ask-repositories"`} value="${filled.repository ?? ''}"></label>${list}
          <label class="field grow">Issue, pull request or ticket <input name="issue" required maxlength="60" placeholder="12 or SHOP-42" autocomplete="off" autocapitalize="characters" spellcheck="false" value="${filled.issue ?? ''}"></label>
        </div>`;
      const hasOptions = [filled.model, filled.engine, filled.budget, filled.fresh].some((value) => value);
      return html`<form class="ask section" method="post" action="/actions/ask">
        ${token(viewer, purposes.ask())}${where}
        <label class="field">What is to be done <textarea name="text" required rows="4" autocomplete="off" placeholder="add tests for the coupon">${filled.text ?? ''}</textarea></label>
        <details${hasOptions ? html` open` : nothing}><summary>Options</summary><div class="fields">
          <label class="field">Model <input name="model" maxlength="120" autocomplete="off" autocapitalize="none" spellcheck="false" value="${filled.model ?? ''}"></label>
          <label class="field">Engine <select name="engine" autocomplete="off"><option value="">as configured</option>${EngineName.options.map((name) => html`<option value="${name}"${filled.engine === name ? html` selected` : nothing}>${name}</option>`)}</select></label>
          <label class="field">Most that it may cost, in US dollars <input name="budget" inputmode="decimal" maxlength="20" autocomplete="off" value="${filled.budget ?? ''}"></label>
          <label><input type="checkbox" name="fresh" value="yes" autocomplete="off"${filled.fresh === undefined ? nothing : html` checked`}> In a new session</label>
        </div></details>
        <p class="muted">As in a comment: <code>plan …</code>, <code>status</code>, <code>stop</code> and the other words work too; the options are <code>--model</code>, <code>--engine</code>, <code>--max-budget</code> and <code>--fresh</code>. The answer is posted on the issue, for everybody there to see. It takes write access to the repository.</p>
        <div class="actions"><button type="submit" class="primary">Ask</button></div>
      </form>`;
    },
  };
}

export function forgetPath({ repositoryId, issueKey }: IssueOfForm): string {
  return `/actions/forget?${new URLSearchParams({ repository: String(repositoryId), issue: issueKey })}`;
}
