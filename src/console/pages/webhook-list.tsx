import type { ShownWebhook } from '../../commands/webhooks';
import { notificationKinds } from '../../domain/notification';
import { ActionForm } from '../parts/form';
import { Name, TheirWords } from '../parts/theirs';
import { Ago } from '../parts/times';
import { paths } from '../paths';

/** Who is told, of what; each can be tried and removed. */
export function Webhooks({ webhooks, csrf }: { webhooks: readonly ShownWebhook[]; csrf: string }) {
  if (webhooks.length === 0) return <p class="quiet">Nobody outside is told anything.</p>;
  return (
    <ul class="rows">
      {webhooks.map(({ id, url, kind, events, hasContent, createdBy, createdAt }) => (
        <li data-item>
          <strong>
            <TheirWords text={url} maxLength={160} />
          </strong>
          <span class="quiet">{kind === 'slack' ? 'as Slack messages' : 'as JSON'}</span>
          <span class="quiet grow">
            {events.length === notificationKinds.length ? 'everything' : events.join(', ')}
            {hasContent ? '' : ', without texts'} · added by <Name text={createdBy} maxLength={60} />,{' '}
            <Ago at={createdAt} />
          </span>
          <div class="row full">
            <ActionForm action={`${paths.webhooks}/${encodeURIComponent(id)}/test`} csrf={csrf}>
              <button type="submit">
                Send a test<span class="unseen"> to {id}</span>
              </button>
            </ActionForm>
            <a href={`${paths.webhooks}?webhook=${encodeURIComponent(id)}`}>
              its deliveries<span class="unseen"> of {id}</span>
            </a>
            <details>
              <summary>Remove</summary>
              <ActionForm action={`${paths.webhooks}/${encodeURIComponent(id)}/remove`} csrf={csrf}>
                <button type="submit" class="danger">
                  Tell it nothing any more
                </button>
              </ActionForm>
            </details>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** An address, and what it is told of. */
export function AddForm({ csrf }: { csrf: string }) {
  return (
    <ActionForm action={paths.webhooks} csrf={csrf} class="stack">
      <label>
        Address
        <input
          name="url"
          type="url"
          required
          maxlength={2_000}
          autocomplete="off"
          placeholder="An address that begins with https"
        />
      </label>
      <fieldset class="row">
        <legend>Told of (all where none is chosen)</legend>
        {notificationKinds.map((kind) => (
          <label>
            <input type="checkbox" name="event" value={kind} /> {kind}
          </label>
        ))}
      </fieldset>
      <div class="row">
        <label>
          As{' '}
          <select name="kind">
            <option value="webhook">JSON</option>
            <option value="slack">Slack messages</option>
          </select>
        </label>
        <label class="grow">
          <input type="checkbox" name="content" value="yes" checked /> with texts of models, tools and people
        </label>
        <button type="submit" class="primary">
          Add it
        </button>
      </div>
    </ActionForm>
  );
}
