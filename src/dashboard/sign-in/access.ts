import type { Context, Hono } from 'hono';
import type { Viewer } from '../../core/viewer.ts';
import type { Html } from '../layout.ts';

/** Who may look at the dashboard. */
export interface Access {
  /** Who asks; an answer instead where they may not look, or have to sign in first. */
  viewerOf(c: Context): Promise<Viewer | Response>;
  /** What is needed to become a viewer. */
  routes?: Hono;
  /** A form that ends being one; absent where nobody signs in. */
  signOut?: (viewer: Viewer) => Html;
}
