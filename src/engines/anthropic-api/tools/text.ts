import { isUtf8 } from 'node:buffer';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';

export interface Text {
  /** Without the byte order mark. */
  content: string;
  hasMark: boolean;
  /** Whether all bytes are UTF-8, so that writing the content gives the same ones. */
  isValid: boolean;
}

const mark = '\uFEFF';

/** @throws ToolError for what is no text. */
export function decode(bytes: Buffer, shown: string): Text {
  const start = bytes.toString('latin1', 0, 5);
  if (start === '%PDF-')
    throw new ToolError(`${shown} is a PDF, which cannot be shown here. Ask for its text in another form.`);
  if (start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff')) {
    throw new ToolError(`${shown} is UTF-16, and only UTF-8 can be read and changed. Convert it first.`);
  }
  if (bytes.includes(0)) throw new ToolError(`${shown} is a binary file, which cannot be shown.`);
  const text = bytes.toString('utf8');
  const hasMark = text.startsWith(mark);
  return { content: hasMark ? text.slice(1) : text, hasMark, isValid: isUtf8(bytes) };
}

/** A text that may be changed. @throws ToolError for what would be damaged. */
export function decodeToChange(bytes: Buffer, shown: string): Text {
  const text = decode(bytes, shown);
  if (!text.isValid) {
    throw new ToolError(
      `${shown} is not valid UTF-8, and a change here would damage its other bytes. Convert it to UTF-8 first.`,
    );
  }
  return text;
}

export function encode(content: string, hasMark: boolean): Buffer {
  return Buffer.from(hasMark && !content.startsWith(mark) ? mark + content : content, 'utf8');
}

/** Whether every line ends as on Windows. */
export function hasWindowsLines(content: string): boolean {
  const windows = content.split('\r\n').length - 1;
  return windows > 0 && content.split('\n').length - 1 === windows;
}

export function withWindowsLines(content: string): string {
  return content.replaceAll(/\r?\n/g, '\r\n');
}
