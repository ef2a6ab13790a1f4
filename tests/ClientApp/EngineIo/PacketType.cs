namespace StickySessions.Tests.ClientApp.EngineIo;

/// <summary>The first character of a packet.</summary>
internal static class PacketType
{
    public const char Open = '0';
    public const char Close = '1';
    public const char Ping = '2';
    public const char Pong = '3';
    public const char Message = '4';
    public const char Upgrade = '5';
    public const char Noop = '6';
}
