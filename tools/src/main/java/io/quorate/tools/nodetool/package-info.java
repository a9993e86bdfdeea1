/**
 * {@code nodetool}: what administrators ask of one node, and its answers as text for people.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.nodetool.NodeTool}: the commands; each asks the admin interface
 *       once.
 *   <li>{@link io.quorate.tools.nodetool.Reports}: answers as text of at most 80 columns; pure.
 * </ul>
 */
@NullMarked
package io.quorate.tools.nodetool;

import org.jspecify.annotations.NullMarked;
