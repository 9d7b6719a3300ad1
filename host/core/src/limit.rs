//! Limits on text from guests and servers.

/// The most of a text from a guest or a server that is kept, in bytes.
pub const MAX_OUTSIDE_TEXT: usize = 64 << 10;

/// `text`, or its beginning and how much was left out if it is longer than `limit` bytes.
pub fn shortened(text: impl Into<String>, limit: usize) -> String {
    let mut text = text.into();
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let left_out = text.len() - end;
    text.truncate(end);
    // A text of 200 MB is not kept alive for its beginning.
    text.shrink_to_fit();
    text.push_str(&format!(" [... {left_out} more bytes]"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_between_characters() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("abcd", 3), "abc [... 1 more bytes]");
        assert_eq!(shortened("aé", 2), "a [... 2 more bytes]");
    }
}
