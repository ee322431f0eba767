from feedtree.exchanges.mexc.proto import spot_pb2 as _spot_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Push(_message.Message):
    __slots__ = ("channel", "createTime", "sendTime", "publicDeals", "publicIncreaseDepths", "publicLimitDepths", "privateOrders", "publicBookTicker", "privateDeals", "privateAccount", "publicSpotKline", "publicMiniTicker", "publicMiniTickers", "publicBookTickerBatch", "publicIncreaseDepthsBatch", "publicAggreDepths", "publicAggreDeals", "publicAggreBookTicker")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CREATETIME_FIELD_NUMBER: _ClassVar[int]
    SENDTIME_FIELD_NUMBER: _ClassVar[int]
    PUBLICDEALS_FIELD_NUMBER: _ClassVar[int]
    PUBLICINCREASEDEPTHS_FIELD_NUMBER: _ClassVar[int]
    PUBLICLIMITDEPTHS_FIELD_NUMBER: _ClassVar[int]
    PRIVATEORDERS_FIELD_NUMBER: _ClassVar[int]
    PUBLICBOOKTICKER_FIELD_NUMBER: _ClassVar[int]
    PRIVATEDEALS_FIELD_NUMBER: _ClassVar[int]
    PRIVATEACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PUBLICSPOTKLINE_FIELD_NUMBER: _ClassVar[int]
    PUBLICMINITICKER_FIELD_NUMBER: _ClassVar[int]
    PUBLICMINITICKERS_FIELD_NUMBER: _ClassVar[int]
    PUBLICBOOKTICKERBATCH_FIELD_NUMBER: _ClassVar[int]
    PUBLICINCREASEDEPTHSBATCH_FIELD_NUMBER: _ClassVar[int]
    PUBLICAGGREDEPTHS_FIELD_NUMBER: _ClassVar[int]
    PUBLICAGGREDEALS_FIELD_NUMBER: _ClassVar[int]
    PUBLICAGGREBOOKTICKER_FIELD_NUMBER: _ClassVar[int]
    channel: str
    createTime: int
    sendTime: int
    publicDeals: _spot_pb2.PublicDealsV3Api
    publicIncreaseDepths: _spot_pb2.PublicIncreaseDepthsV3Api
    publicLimitDepths: LimitDepths
    privateOrders: _spot_pb2.PrivateOrdersV3Api
    publicBookTicker: _spot_pb2.PublicBookTickerV3Api
    privateDeals: _spot_pb2.PrivateDealsV3Api
    privateAccount: _spot_pb2.PrivateAccountV3Api
    publicSpotKline: _spot_pb2.PublicSpotKlineV3Api
    publicMiniTicker: _spot_pb2.PublicMiniTickerV3Api
    publicMiniTickers: _spot_pb2.PublicMiniTickersV3Api
    publicBookTickerBatch: _spot_pb2.PublicBookTickerBatchV3Api
    publicIncreaseDepthsBatch: _spot_pb2.PublicIncreaseDepthsBatchV3Api
    publicAggreDepths: AggreDepths
    publicAggreDeals: _spot_pb2.PublicAggreDealsV3Api
    publicAggreBookTicker: _spot_pb2.PublicAggreBookTickerV3Api
    def __init__(self, channel: _Optional[str] = ..., createTime: _Optional[int] = ..., sendTime: _Optional[int] = ..., publicDeals: _Optional[_Union[_spot_pb2.PublicDealsV3Api, _Mapping]] = ..., publicIncreaseDepths: _Optional[_Union[_spot_pb2.PublicIncreaseDepthsV3Api, _Mapping]] = ..., publicLimitDepths: _Optional[_Union[LimitDepths, _Mapping]] = ..., privateOrders: _Optional[_Union[_spot_pb2.PrivateOrdersV3Api, _Mapping]] = ..., publicBookTicker: _Optional[_Union[_spot_pb2.PublicBookTickerV3Api, _Mapping]] = ..., privateDeals: _Optional[_Union[_spot_pb2.PrivateDealsV3Api, _Mapping]] = ..., privateAccount: _Optional[_Union[_spot_pb2.PrivateAccountV3Api, _Mapping]] = ..., publicSpotKline: _Optional[_Union[_spot_pb2.PublicSpotKlineV3Api, _Mapping]] = ..., publicMiniTicker: _Optional[_Union[_spot_pb2.PublicMiniTickerV3Api, _Mapping]] = ..., publicMiniTickers: _Optional[_Union[_spot_pb2.PublicMiniTickersV3Api, _Mapping]] = ..., publicBookTickerBatch: _Optional[_Union[_spot_pb2.PublicBookTickerBatchV3Api, _Mapping]] = ..., publicIncreaseDepthsBatch: _Optional[_Union[_spot_pb2.PublicIncreaseDepthsBatchV3Api, _Mapping]] = ..., publicAggreDepths: _Optional[_Union[AggreDepths, _Mapping]] = ..., publicAggreDeals: _Optional[_Union[_spot_pb2.PublicAggreDealsV3Api, _Mapping]] = ..., publicAggreBookTicker: _Optional[_Union[_spot_pb2.PublicAggreBookTickerV3Api, _Mapping]] = ...) -> None: ...

class AggreDepths(_message.Message):
    __slots__ = ("asks", "bids", "fromVersion", "toVersion")
    ASKS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    FROMVERSION_FIELD_NUMBER: _ClassVar[int]
    TOVERSION_FIELD_NUMBER: _ClassVar[int]
    asks: _containers.RepeatedScalarFieldContainer[bytes]
    bids: _containers.RepeatedScalarFieldContainer[bytes]
    fromVersion: str
    toVersion: str
    def __init__(self, asks: _Optional[_Iterable[bytes]] = ..., bids: _Optional[_Iterable[bytes]] = ..., fromVersion: _Optional[str] = ..., toVersion: _Optional[str] = ...) -> None: ...

class LimitDepths(_message.Message):
    __slots__ = ("asks", "bids", "version")
    ASKS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    asks: _containers.RepeatedScalarFieldContainer[bytes]
    bids: _containers.RepeatedScalarFieldContainer[bytes]
    version: str
    def __init__(self, asks: _Optional[_Iterable[bytes]] = ..., bids: _Optional[_Iterable[bytes]] = ..., version: _Optional[str] = ...) -> None: ...

class Columns(_message.Message):
    __slots__ = ("price", "quantity")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    price: _containers.RepeatedScalarFieldContainer[str]
    quantity: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, price: _Optional[_Iterable[str]] = ..., quantity: _Optional[_Iterable[str]] = ...) -> None: ...
