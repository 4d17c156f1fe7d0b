import type { Context } from 'hono';
import type { Commands } from '../commands/commands';
import type { Caller } from '../domain/caller';

/** What pages are given with a request of somebody who is logged in. */
export interface ConsoleEnvironment {
  Variables: {
    caller: Caller;
    commands: Commands;
    /** For every form of the page. */
    csrf: string;
    /** The body of a form, checked for coming from a page of ours. */
    form: Form;
  };
}

export type ConsoleContext = Context<ConsoleEnvironment>;

/** A form's fields. */
export class Form {
  constructor(private readonly fields: FormData) {}

  /** The text of a field; empty where it is not there. */
  text(name: string): string {
    const value = this.fields.get(name);
    return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : '';
  }

  texts(name: string): string[] {
    return this.fields.getAll(name).filter((value) => typeof value === 'string');
  }
}
