import { registerHooks } from 'node:module';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { TextDocument } from 'vscode-languageserver-textdocument';

// They import JSON without saying so, which bundlers allow and Node does not.
registerHooks({
  load: (url, context, next) =>
    next(
      url,
      url.endsWith('.json')
        ? { ...context, importAttributes: { ...context.importAttributes, type: 'json' } }
        : context,
    ),
});
const { validate } = await import('@actions/languageservice');

/** What a file refers to, as it stands here and not in the commit that it is pinned to. */
export interface Referred {
  workflow: string;
  /** Parsed action.yml. */
  action: unknown;
}

let checked = 0;

/**
 * What GitHub's own parser and editor service find in a workflow or an action.yml, each with its line. They look
 * into our own action and workflow where a file uses them, and not into anybody else's.
 */
export async function findingsIn(path: string, text: string, referred: Referred): Promise<string[]> {
  checked += 1;
  // What it found is kept by address.
  const document = TextDocument.create(`file:///${checked}/${path}`, 'yaml', 1, text);
  const found = await validate(document, {
    fileProvider: { getFileContent: async ({ path: name }) => ({ name, content: referred.workflow }) },
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ owner, name, path: folder }) =>
        `${owner}/${name}/${folder}` === 'dexter-app/dexter/action'
          ? (referred.action as undefined)
          : undefined,
    },
  });
  return found
    .map(({ message, range }) => ({ message: String(message), range }))
    .filter(({ message }) => !/^Unable to resolve action `(?!dexter-app\/)/.test(message))
    .map(({ message, range }) => `${path}:${range.start.line + 1}: ${message}`);
}

/** What GitHub makes of an expression such as `inputs.minutes <= 60`. */
export function evaluated(expression: string, inputs: Record<string, number>): number {
  const given = Object.entries(inputs).map(([key, value]) => ({ key, value: new data.NumberData(value) }));
  const context = new data.Dictionary({ key: 'inputs', value: new data.Dictionary(...given) });
  const tree = new Parser(new Lexer(expression).lex().tokens, ['inputs'], []).parse();
  return new Evaluator(tree, context).evaluate().number();
}
