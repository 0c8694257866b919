// How far what covers the table, or stands beside it, can be scrolled: to its last line, and no key is lost beyond it.
import { createPalette } from "../palette.ts";
import { detailLines, detailTextWidth } from "./detail.tsx";
import { helpLines } from "./help.tsx";
import { layoutOf } from "./layout.ts";
import { messageLines } from "./messages.tsx";
import type { DashboardState } from "./state.ts";

/** Only counted, not shown. */
const palette = createPalette(false);

/** @param step lines downwards; negative ones upwards */
export function scrollOverlay(state: DashboardState, step: number): DashboardState {
  const { body, width } = layoutOf(state);
  const lines = (state.isHelpOpen ? helpLines : messageLines)(state, palette, width);
  return { ...state, overlayTop: moved(state.overlayTop, step, lines.length - body) };
}

export function scrollDetail(state: DashboardState, step: number): DashboardState {
  const { detail } = layoutOf(state);
  if (!detail) return state;
  const lines = detailLines(state, detailTextWidth(detail));
  return { ...state, detailTop: moved(state.detailTop, step, lines.length - detail.height) };
}

/** @param last the greatest top there is, if it is not negative; what was scrolled may have become shorter since */
function moved(top: number, step: number, last: number): number {
  const most = Math.max(0, last);
  return Math.min(most, Math.max(0, Math.min(most, top) + step));
}
