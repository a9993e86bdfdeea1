@NullMarked
package io.quorate.coordinator;

import org.jspecify.annotations.NullMarked;
