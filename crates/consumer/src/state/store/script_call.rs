//! A call of a script, written as it goes to Redis.

use deadpool_redis::redis::{
    Cmd, ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind, ToRedisArgs,
    aio::MultiplexedConnection,
};

/// Enough for the arguments of most calls.
const BYTES: usize = 2048;
const ARGUMENTS: usize = 40;

/// A call of a script. It has one buffer, where the client's own has one for each key and argument: the path of a
/// request makes some fifty of these.
pub(crate) struct ScriptCall<'a> {
    script: &'a Script,
    command: Cmd,
}

impl<'a> ScriptCall<'a> {
    /// A call with these keys; arguments follow.
    pub(crate) fn new<const KEYS: usize>(
        script: &'a Script,
        keys: [impl AsRef<str>; KEYS],
    ) -> Self {
        let mut command = Cmd::with_capacity(ARGUMENTS, BYTES);
        command.arg("EVALSHA").arg(script.get_hash()).arg(KEYS);
        for key in &keys {
            command.arg(key.as_ref());
        }
        Self { script, command }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs the script, which Redis is given where it does not have it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        match self.command.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.script.prepare_invoke().load_async(connection).await?;
                self.command.query_async(connection).await
            }
            answer => answer,
        }
    }
}
