using NetMQ;
using NetMQ.Sockets;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// The five sockets. One thread receives and answers the heartbeat and never waits for anything else; iopub belongs to
/// the publisher's thread.
/// </summary>
internal sealed class Sockets : IDisposable
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Channel, RouterSocket> routers = [];
    private readonly ResponseSocket heartbeat = new();
    private readonly PublisherSocket iopub = new();
    private readonly NetMQQueue<(Channel Channel, NetMQMessage Message)> replies = new();
    private readonly NetMQPoller poller = [];

    /// <summary>Binds all sockets.</summary>
    /// <param name="connection">The addresses.</param>
    /// <param name="received">Takes what comes in, on the receiving thread; must return at once.</param>
    /// <exception cref="NotebookException">A port is taken, or the address is not this machine's.</exception>
    public Sockets(ConnectionFile connection, Action<Channel, NetMQMessage> received)
    {
        try
        {
            foreach (var (channel, port) in new[] { (Channel.Shell, connection.ShellPort), (Channel.Control, connection.ControlPort), (Channel.Stdin, connection.StdinPort) })
            {
                var router = routers[channel] = new RouterSocket();
                Bind(router, connection, port);
                router.ReceiveReady += (_, _) => Receive(router, channel, received);
                poller.Add(router);
            }
            // A slow client must not make messages disappear: what a cell can put out is bounded before it comes here.
            iopub.Options.SendHighWatermark = 0;
            iopub.Options.Linger = Linger;
            Bind(iopub, connection, connection.IopubPort);
            Bind(heartbeat, connection, connection.HbPort);
        }
        catch
        {
            foreach (var router in routers.Values) router.Dispose();
            iopub.Dispose();
            heartbeat.Dispose();
            throw;
        }
        heartbeat.ReceiveReady += (_, _) =>
        {
            var beat = new Msg();
            beat.InitEmpty();
            while (heartbeat.TryReceive(ref beat, TimeSpan.Zero)) heartbeat.Send(ref beat, more: beat.HasMore);
            beat.Close();
        };
        replies.ReceiveReady += (_, _) =>
        {
            while (replies.TryDequeue(out var reply, TimeSpan.Zero))
                routers[reply.Channel].TrySendMultipartMessage(TimeSpan.Zero, reply.Message);
        };
        poller.Add(heartbeat);
        poller.Add(replies);
    }

    /// <summary>Starts to receive.</summary>
    public void Start() => poller.RunAsync("sockets", isBackgroundThread: true);

    /// <summary>Sends to all clients. Called by one thread only.</summary>
    public void Publish(NetMQMessage message) => iopub.SendMultipartMessage(message);

    /// <summary>Sends to one client, from any thread.</summary>
    public void Reply(Channel channel, NetMQMessage message) => replies.Enqueue((channel, message));

    /// <summary>Lets sent messages leave, then closes everything.</summary>
    public void Dispose()
    {
        // Replies still in the queue are taken by the poller's thread before it stops.
        SpinWait.SpinUntil(() => replies.Count == 0, TimeSpan.FromMilliseconds(500));
        poller.Stop();
        poller.Dispose();
        replies.Dispose();
        foreach (var router in routers.Values)
        {
            router.Options.Linger = Linger;
            router.Dispose();
        }
        heartbeat.Dispose();
        iopub.Dispose();
        NetMQConfig.Cleanup(block: true);
    }

    private static void Receive(RouterSocket router, Channel channel, Action<Channel, NetMQMessage> received)
    {
        NetMQMessage? message = null;
        while (router.TryReceiveMultipartMessage(ref message))
        {
            received(channel, message!);
            message = null;
        }
    }

    private static void Bind(NetMQSocket socket, ConnectionFile connection, int port)
    {
        try { socket.Bind(connection.Address(port)); }
        catch (Exception error) when (error is NetMQException or System.Net.Sockets.SocketException)
        {
            var name = connection.Ports().First(p => p.Port == port).Name;
            throw new NotebookException(error is AddressAlreadyInUseException or System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.AddressAlreadyInUse }
                ? $"Port {port} ({name}) is already in use: another program took it since "
                    + $"Jupyter chose it. Start the kernel again."
                : $"The kernel cannot listen at {connection.Address(port)} ({name}): {error.Message}.", error);
        }
    }
}
