/** Membership and failure detection. */
@NullMarked
package io.quorate.gossip;

import org.jspecify.annotations.NullMarked;
