import type { MessageId } from './message.ts';

/** What a wrapped server says to the proxy, however it is reached. */
export interface ServerEvents {
  /** One message, as JSON text. */
  message(text: string): void;
  /** Something went wrong that does not end the connection; safe to be logged. */
  problem(problem: string): void;
  /** This request will not be answered; undefined when nobody knows which one it was. */
  unanswered(id: MessageId | undefined, problem: string): void;
  /** The connection is over, and not because it was closed here. `exitCode` of a process that has one. */
  ended(problem: string, exitCode?: number): void;
}

/** The server that the proxy stands in front of. */
export interface WrappedServer {
  /** Sends one message, JSON text in one line; resolves when more may be sent. */
  send(text: string): Promise<void>;
  /** Passes a signal on; nothing where the server is no process of ours. */
  signal(signal: NodeJS.Signals): void;
  /** Ends the connection, and the process with everything that it started; may be called more than once. */
  close(): Promise<void>;
}
