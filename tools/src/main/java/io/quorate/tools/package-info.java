/**
 * The command line, {@code quorate}.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.Quorate}: the root command; what goes wrong becomes one line and an
 *       exit code here, and nowhere else.
 *   <li>{@link io.quorate.tools.AdminClient}, {@link io.quorate.tools.Json}: a node's admin
 *       interface and what it answers.
 *   <li>{@link io.quorate.tools.TextTable}, {@link io.quorate.tools.Amounts}: what people read.
 *   <li>{@code cluster}: {@code up} and {@code down}, node processes on this machine; {@code
 *       nodetool}; {@code shell}; {@code bench}; {@code demo}; {@code drill}, real faults.
 * </ul>
 *
 * <p>Commands run on the main thread. Exit codes: 0 done, 1 failed with one line on stderr, 2 bad
 * usage.
 */
@NullMarked
package io.quorate.tools;

import org.jspecify.annotations.NullMarked;
