/** Durable hints for replicas that could not be reached. */
@NullMarked
package io.quorate.hintedhandoff;

import org.jspecify.annotations.NullMarked;
