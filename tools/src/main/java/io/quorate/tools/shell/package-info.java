/**
 * The CQL shell.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.shell.ShellCommand}: the command; where statements come from (a
 *       terminal, a file, an option, a pipe).
 *   <li>{@link io.quorate.tools.shell.Interpreter}: runs statements and the shell's own commands.
 *   <li>{@link io.quorate.tools.shell.StatementSplitter}: where a statement ends; pure.
 *   <li>{@link io.quorate.tools.shell.ResultFormat}: rows as a table, JSON or CSV; pure.
 *   <li>{@link io.quorate.tools.shell.Completions}: what the Tab key offers.
 * </ul>
 */
@NullMarked
package io.quorate.tools.shell;

import org.jspecify.annotations.NullMarked;
