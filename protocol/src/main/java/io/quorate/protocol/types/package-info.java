/** CQL types and their values. */
@NullMarked
package io.quorate.protocol.types;

import org.jspecify.annotations.NullMarked;
