/** Consensus. */
@NullMarked
package io.quorate.raft;

import org.jspecify.annotations.NullMarked;
