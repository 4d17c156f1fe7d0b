import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { StoredBreakGlass } from '../../store/break-glass-store';
import { assetUrl } from '../assets';
import { BASE, paths } from '../paths';
import { Emergency } from './emergency';
import { ActionForm } from './form';
import { Name } from './theirs';

/** What surrounds a page. */
export interface Frame {
  title: string;
  /** Which entry of the navigation it belongs to. */
  section: Section;
  person: string;
  organization: string;
  csrf: string;
  /** How many approvals and questions wait. */
  waiting: number;
  /** Break-glasses that are active. */
  emergencies: readonly StoredBreakGlass[];
  /** Sections that the caller may see. */
  sections: readonly Section[];
}

export const SECTIONS = [
  { name: 'inbox', title: 'Inbox', path: paths.inbox, icon: '▣' },
  { name: 'runs', title: 'Runs', path: paths.runs, icon: '▷' },
  { name: 'policies', title: 'Policies', path: paths.policies, icon: '§' },
  { name: 'agents', title: 'Agents', path: paths.agents, icon: '◇' },
  { name: 'audit', title: 'Audit', path: paths.audit, icon: '≡' },
  { name: 'people', title: 'People', path: paths.people, icon: '☺' },
  { name: 'webhooks', title: 'Webhooks', path: paths.webhooks, icon: '↗' },
  { name: 'halts', title: 'Kill switch', path: paths.halts, icon: '■' },
] as const;
export type Section = (typeof SECTIONS)[number]['name'];

/** Without `eval`, scripts in fragments, styles of its own, or requests to others; refusals are shown as well. */
const HTMX_SETTINGS = JSON.stringify({
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyEnabled: false,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '[45]..', swap: true, error: true },
  ],
});

/** Every page: what is in `<head>`, and nothing that is not ours. */
export function Document({ title, children }: { title: string; children?: Child }) {
  return (
    <>
      {raw('<!DOCTYPE html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <meta name="htmx-config" content={HTMX_SETTINGS} />
          <title>{title}</title>
          <link rel="icon" href={assetUrl('favicon.svg')} />
          <link rel="stylesheet" href={assetUrl('console.css')} />
          <script src={assetUrl('htmx.js')} defer />
          <script src={assetUrl('sse.js')} defer />
          <script src={assetUrl('console.js')} defer />
        </head>
        {children}
      </html>
    </>
  );
}

/** The page of somebody who is logged in. */
export function Layout({ frame, live, children }: { frame: Frame; live?: string; children?: Child }) {
  const { title, section, person, organization, csrf, waiting, sections, emergencies } = frame;
  return (
    <Document title={`${waiting > 0 ? `(${waiting}) ` : ''}${title} · Gatehouse`}>
      <body hx-ext="sse,keyed">
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <div class="shell" sse-connect={live ?? `${BASE}/live`}>
          <header class="bar">
            <a class="brand" href={BASE}>
              <img src={assetUrl('favicon.svg')} alt="" width={26} height={26} /> Gatehouse
            </a>
            <nav aria-label="Sections">
              <ul>
                {SECTIONS.filter(({ name }) => sections.includes(name)).map(
                  ({ name, title: text, path, icon }) => (
                    <li>
                      <a href={path} {...(name === section ? { 'aria-current': 'page' } : {})}>
                        <span class="icon" aria-hidden="true">
                          {icon}
                        </span>
                        {text}
                        {name === 'inbox' ? <WaitingCount waiting={waiting} /> : null}
                      </a>
                    </li>
                  ),
                )}
              </ul>
            </nav>
            <div class="who">
              <p>
                <Name text={person} maxLength={40} />
                <span class="quiet">
                  <Name text={organization} maxLength={40} />
                </span>
              </p>
              <ActionForm action={paths.logout} csrf={csrf}>
                <button class="plain" type="submit">
                  Log out
                </button>
              </ActionForm>
            </div>
          </header>
          <main id="main" tabindex={-1}>
            <Emergency active={emergencies} />
            <div id="notice" aria-live="polite" />
            {children}
          </main>
          <footer>
            <button class="plain" type="button" data-shortcuts>
              Shortcuts <kbd>?</kbd>
            </button>
          </footer>
        </div>
        <Shortcuts />
      </body>
    </Document>
  );
}

/** How much waits, beside the inbox; asked for again when that changes. */
export function WaitingCount({ waiting }: { waiting: number }) {
  return (
    <span class="count" id="waiting" hx-get={`${BASE}/waiting`} hx-trigger="sse:inbox" hx-swap="outerHTML">
      {waiting > 0 ? (
        <>
          {waiting}
          <span class="unseen"> waiting</span>
        </>
      ) : null}
    </span>
  );
}

const KEYS: [string, string][] = [
  ['j', 'next entry'],
  ['k', 'entry before'],
  ['Enter', 'open the entry'],
  ['x', 'select the entry for a batch'],
  ['a', 'go to the approval (Enter gives it)'],
  ['d', 'go to the denial'],
  ['?', 'this list'],
];

function Shortcuts() {
  return (
    <dialog id="shortcuts" aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Keyboard shortcuts</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

/** The head of a page. */
export function Heading({ title, children }: { title: Child; children?: Child }) {
  return (
    <div class="heading">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** A word of ours about what was done or refused. */
export function Notice({ tone, children }: { tone: 'good' | 'bad'; children?: Child }) {
  return (
    <p class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </p>
  );
}
