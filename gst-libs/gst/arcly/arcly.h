/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/arcly/gstarclyprelude.h>
#include <gst/arcly/gstarclyerror.h>
#include <gst/arcly/codec/gstarclyaac.h>
#include <gst/arcly/codec/gstarclyac3.h>
#include <gst/arcly/codec/gstarclyav1.h>
#include <gst/arcly/codec/gstarclycodec.h>
#include <gst/arcly/codec/gstarclyflac.h>
#include <gst/arcly/codec/gstarclyh264.h>
#include <gst/arcly/codec/gstarclyh265.h>
#include <gst/arcly/codec/gstarclyh266.h>
#include <gst/arcly/codec/gstarclympegaudio.h>
#include <gst/arcly/codec/gstarclyopus.h>
#include <gst/arcly/codec/gstarclyvp9.h>
#include <gst/arcly/engine/gstarclyauthenticator.h>
#include <gst/arcly/engine/gstarclyengine.h>
#include <gst/arcly/engine/gstarclyfilestorage.h>
#include <gst/arcly/engine/gstarclymemorystorage.h>
#include <gst/arcly/engine/gstarclystorage.h>
#include <gst/arcly/http/gstarclyhttporigin.h>
#include <gst/arcly/http/gstarclyhttpserver.h>
#include <gst/arcly/http/gstarclyhttpstorage.h>
