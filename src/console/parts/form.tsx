import type { Child } from 'hono/jsx';

interface FormProps {
  action: string;
  csrf: string;
  class?: string;
  id?: string;
  children?: Child;
  /** Sent by htmx, and answered with this part of the page. */
  live?: string;
}

/** A form of ours: it carries the token without which it counts for nothing. */
export function ActionForm({ action, csrf, live, children, ...rest }: FormProps) {
  return (
    <form
      method="post"
      action={action}
      {...(live ? { 'hx-post': action, 'hx-target': live, 'hx-swap': 'keyed' } : {})}
      {...rest}
    >
      <input type="hidden" name="csrf" value={csrf} />
      {children}
    </form>
  );
}
