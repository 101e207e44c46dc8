import * as z from 'zod';

/** One answer of the scripted model. */
export type Turn = { readonly say: string } | Call | Failure | Break;
export interface Call {
  readonly call: string;
  readonly with: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
}
/** The connection goes wrong, at every attempt. */
export type Break =
  /** The request is taken and never answered, or no further than the headers. */
  | { readonly hang: true | 'after headers' }
  /** The connection is closed before anything was answered, or in the middle of an answer. */
  | { readonly drop: true | 'midway' }
  /** The answer begins well, and goes on with the event of a failure. */
  | { readonly failMidway: Failure };
/** Answers every attempt of the request with that status. */
export interface Failure {
  readonly fail: number;
  readonly type: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export type Answer = Exclude<Turn, Failure | Break>;

/** A request to a model, whatever the protocol. */
export interface Conversation {
  readonly model: string;
  readonly stream: boolean;
  /** What tells this conversation from another with the same script. */
  readonly session: string;
  readonly tools: readonly string[];
  /** What the user said before the first answer. */
  readonly opening: string;
  readonly results: readonly string[];
  /** What it was told after the first answer, beside results; where the protocol's reader tells. */
  readonly toldLater?: string;
  /** How often the model has answered already. */
  readonly answers: number;
}

export interface Event {
  readonly name?: string;
  readonly data: unknown;
}

/** How the clients of one provider talk to its models. */
export interface Protocol {
  speaks(path: string): boolean;
  read(body: unknown, path: string): Conversation;
  whole(answer: Answer, conversation: Conversation): unknown;
  events(answer: Answer, conversation: Conversation): readonly Event[];
  failure(failure: Failure): unknown;
  /** The same within a stream. */
  failureEvent(failure: Failure): Event;
}

/** The text in a content that is a string, or a list of parts of which some are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const { success, data } = z.array(z.looseObject({ text: z.string().optional() })).safeParse(content);
  return success ? data.map(({ text }) => text ?? '').join('\n') : JSON.stringify(content ?? '');
}

let answered = 0;
/** A name for something in an answer, new each time. */
export const fresh = (prefix: string): string => `${prefix}_${process.pid}_${answered++}`;
