import { Document, Notice } from '../parts/layout';
import { TheirWords } from '../parts/theirs';
import { BASE } from '../paths';

/** A page of its own for what could not be shown or done. */
export function ErrorPage({ title, text }: { title: string; text: string }) {
  return (
    <Document title={`${title} · Gatehouse`}>
      <body class="login">
        <main class="card">
          <h1>{title}</h1>
          <p>
            <TheirWords text={text} maxLength={2_000} />
          </p>
          <p>
            <a class="button" href={BASE}>
              To the inbox
            </a>
          </p>
        </main>
      </body>
    </Document>
  );
}

/** The same within a page. */
export function ErrorPart({ text }: { text: string }) {
  return (
    <Notice tone="bad">
      <TheirWords text={text} maxLength={2_000} />
    </Notice>
  );
}
