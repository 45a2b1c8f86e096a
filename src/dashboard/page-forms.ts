import type { Viewer } from '../core/viewer.ts';
import type { CommandRow } from '../ledger/tables.ts';
import type { Html } from './html.ts';

/** An issue in one repository. */
interface Issue {
  repositoryId: number;
  issueKey: string;
}

/** What can be done from a page. Each is empty where it makes no sense. */
export interface PageForms {
  retryForm(viewer: Viewer, command: Pick<CommandRow, 'id' | 'ask' | 'origin' | 'status'>): Html;
  /** `isOpen`: something of the issue runs or waits. */
  stopForm(viewer: Viewer, issue: Issue & { isOpen: boolean }): Html;
  /** `isKept`: there is a session. */
  forgetForm(viewer: Viewer, issue: Issue & { isKept: boolean }): Html;
  /** Has a field with text: it must not stand in a part of a page that is drawn anew. */
  askForm(viewer: Viewer, options: { about: { repository: string; issue: string } }): Html;
}
